import type { NewRow, PartitionRange, Row, RowChange, RowRange } from "../../../src/ledger/ports";

/** Rows that the service returns at once at most. */
export const MAX_PAGE = 1000;
const MAX_TRANSACTION = 100;
const MAX_TEXT = 32 * 1024;
const MAX_COLUMNS = 252;

/** The rules of Azure Tables that a row can break. */
export class TableRuleError extends Error {
  override readonly name = "RestError";

  constructor(
    readonly statusCode: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Partition {
  readonly rows: Map<string, Row>;
  /** Row keys in order; null until somebody asks. */
  order: string[] | null;
}

/** What a table holds and how it answers: keys, entity tags, transactions, order. Every method is one undivided moment. */
export class MemoryTable {
  private readonly partitions = new Map<string, Partition>();
  private order: string[] | null = null;
  private tag = 0;

  /** `frozen`: who changes a row that it got breaks off. Copies of frozen objects are slow, so long campaigns go without. */
  constructor(private readonly frozen = true) {}

  /** Told of every row that was written, after the write. */
  onWrite: (row: Row, before: Row | null) => void = () => undefined;

  /** Told after the removal of a row. */
  onRemove: () => void = () => undefined;

  get(partitionKey: string, rowKey: string): Row | null {
    return this.partitions.get(partitionKey)?.rows.get(rowKey) ?? null;
  }

  insert(row: NewRow): boolean {
    check(row);
    if (this.get(row.partitionKey, row.rowKey) !== null) return false;
    this.write(row, null);
    return true;
  }

  merge(row: NewRow, expect: string): boolean {
    check(row);
    const before = this.get(row.partitionKey, row.rowKey);
    if (before === null || (expect !== "*" && before.etag !== expect)) return false;
    this.write(row, before, before);
    return true;
  }

  put(row: NewRow): void {
    check(row);
    this.write(row, this.get(row.partitionKey, row.rowKey));
  }

  set(row: NewRow): void {
    check(row);
    const before = this.get(row.partitionKey, row.rowKey);
    this.write(row, before, before);
  }

  remove(partitionKey: string, rowKey: string, expect?: string): boolean {
    const before = this.get(partitionKey, rowKey);
    if (before === null || (expect !== undefined && expect !== "*" && before.etag !== expect)) return false;
    this.delete(partitionKey, rowKey);
    return true;
  }

  transact(changes: readonly RowChange[]): boolean {
    if (changes.length === 0 || changes.length > MAX_TRANSACTION)
      throw new TableRuleError(
        400,
        "InvalidInput",
        `a transaction has 1 to ${MAX_TRANSACTION} changes, not ${changes.length}`,
      );
    const keys = changes.map((change) => (change.kind === "delete" ? change : change.row));
    if (keys.some((key) => key.partitionKey !== keys[0]?.partitionKey))
      throw new TableRuleError(400, "CommandsInBatchActOnDifferentPartitions", "a transaction has one partition");
    if (keys.length > 1 && new Set(keys.map((key) => key.rowKey)).size < keys.length)
      throw new TableRuleError(400, "InvalidDuplicateRow", "a row occurs once in a transaction");
    if (!changes.every((change) => this.applies(change))) return false;
    for (const change of changes) this.apply(change);
    return true;
  }

  /** Up to a page of rows in key order, from behind `behind` on. */
  page(range: RowRange, behind: Row | null, size: number): Row[] {
    const rows: Row[] = [];
    for (const partitionKey of this.partitionsOf(range.partition)) {
      if (behind !== null && partitionKey < behind.partitionKey) continue;
      const partition = this.partitions.get(partitionKey);
      if (!partition) continue;
      const order = sorted(partition);
      const after = behind?.partitionKey === partitionKey ? behind.rowKey : null;
      for (let at = beginning(order, after, range); at < order.length; at += 1) {
        const rowKey = order[at] as string;
        if (range.before !== undefined && rowKey >= range.before) break;
        rows.push(partition.rows.get(rowKey) as Row);
        if (rows.length >= size) return rows;
      }
    }
    return rows;
  }

  /** Everything, in key order, for the checks. */
  *all(): Generator<Row> {
    for (const key of this.partitionKeys()) {
      const partition = this.partitions.get(key);
      if (partition) for (const rowKey of sorted(partition)) yield partition.rows.get(rowKey) as Row;
    }
  }

  private applies(change: RowChange): boolean {
    if (change.kind === "delete") return this.get(change.partitionKey, change.rowKey) !== null;
    check(change.row);
    const before = this.get(change.row.partitionKey, change.row.rowKey);
    return change.kind === "insert"
      ? before === null
      : before !== null && (change.expect === "*" || before.etag === change.expect);
  }

  private apply(change: RowChange): void {
    if (change.kind === "delete") {
      this.delete(change.partitionKey, change.rowKey);
      return;
    }
    const before = this.get(change.row.partitionKey, change.row.rowKey);
    this.write(change.row, before, before);
  }

  /** Stores the columns of `row` over those of `kept`. */
  private write(row: NewRow, before: Row | null, kept: Row | null = null): void {
    const made = stored(row, kept, `W/"${(this.tag += 1)}"`);
    const written = this.frozen ? Object.freeze(made) : made;
    let partition = this.partitions.get(row.partitionKey);
    if (!partition) {
      partition = { rows: new Map(), order: null };
      this.partitions.set(row.partitionKey, partition);
      this.order = null;
    }
    if (before === null && partition.order)
      partition.order.splice(lowerBound(partition.order, row.rowKey), 0, row.rowKey);
    partition.rows.set(row.rowKey, written);
    this.onWrite(written, before);
  }

  private delete(partitionKey: string, rowKey: string): void {
    const partition = this.partitions.get(partitionKey);
    if (!partition) return;
    partition.rows.delete(rowKey);
    this.onRemove();
    partition.order?.splice(lowerBound(partition.order, rowKey), 1);
    if (partition.rows.size !== 0) return;
    this.partitions.delete(partitionKey);
    this.order = null;
  }

  private partitionsOf(wanted: string | PartitionRange): readonly string[] {
    if (typeof wanted === "string") return [wanted];
    const { from, after, before } = wanted;
    return this.partitionKeys().filter(
      (key) => (from === undefined || key >= from) && (after === undefined || key > after) && key < before,
    );
  }

  private partitionKeys(): string[] {
    this.order ??= [...this.partitions.keys()].sort();
    return this.order;
  }
}

/** Row keys of a partition in order. */
function sorted(partition: Partition): string[] {
  partition.order ??= [...partition.rows.keys()].sort();
  return partition.order;
}

/** Where the first key that is not below `key` stands. */
function lowerBound(order: readonly string[], key: string): number {
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((order[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where a range begins, behind the last row of the page before. */
function beginning(order: readonly string[], behind: string | null, { from, after }: RowRange): number {
  const upperBound = (key: string): number => {
    const at = lowerBound(order, key);
    return order[at] === key ? at + 1 : at;
  };
  let at = from === undefined ? 0 : lowerBound(order, from);
  if (after !== undefined) at = Math.max(at, upperBound(after));
  return behind === null ? at : Math.max(at, upperBound(behind));
}

/** The row as it is stored: no column without a value, and never the reader's entity tag as a column. */
function stored(row: NewRow, kept: Row | null, etag: string): Row {
  const made: Record<string, unknown> = kept === null ? {} : { ...kept };
  for (const column in row) {
    const value = row[column];
    if (value !== undefined && value !== null && column !== "etag" && column !== "timestamp") made[column] = value;
  }
  made["etag"] = etag;
  return made as Row;
}

/** Control characters and these four are not allowed in keys. */
const BAD_KEY = /[/\\#?]|\p{Cc}/u;

function check(row: NewRow): void {
  const bad = (code: string, message: string): never => {
    throw new TableRuleError(400, code, `${row.partitionKey} ${row.rowKey}: ${message}`);
  };
  if (BAD_KEY.test(row.partitionKey) || BAD_KEY.test(row.rowKey))
    bad("OutOfRangeInput", "a key holds a forbidden character");
  if (row.partitionKey.length > 512 || row.rowKey.length > 512) bad("KeyValueTooLarge", "a key is over 1 KiB");
  let columns = 0;
  for (const column in row) {
    const value = row[column];
    columns += 1;
    if (typeof value === "string") {
      if (value.length > MAX_TEXT) bad("PropertyValueTooLarge", `column ${column} is over 64 KiB`);
    } else if (value !== undefined && value !== null && typeof value !== "number" && typeof value !== "boolean")
      bad("InvalidInput", `column ${column} is neither text, number nor boolean`);
  }
  if (columns > MAX_COLUMNS) bad("TooManyProperties", "too many columns");
}
