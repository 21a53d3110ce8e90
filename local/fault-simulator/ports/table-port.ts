import type { NewRow, Row, RowChange, RowRange, TablePort } from "../../../src/ledger/ports";
import type { Kernel } from "../kernel/kernel";
import type { Caller, Wire, WireCall } from "../kernel/wire";
import { MAX_PAGE, TableRuleError, type MemoryTable } from "./memory-table";

/** A table in memory behind the ledger's port: every call goes over the wire. */
export class SimulatedTable implements TablePort {
  constructor(
    private readonly name: string,
    private readonly table: MemoryTable,
    private readonly caller: Caller,
    private readonly wire: Wire,
    private readonly kernel: Kernel,
  ) {}

  get(partitionKey: string, rowKey: string): Promise<Row | null> {
    const what = () => `${partitionKey} ${rowKey}`;
    return this.call("get", what, () => this.table.get(partitionKey, rowKey));
  }

  insert(row: NewRow): Promise<boolean> {
    return this.call("insert", keys(row), () => this.table.insert(row), true);
  }

  merge(row: NewRow, expect: string): Promise<boolean> {
    return this.call("merge", keys(row), () => this.table.merge(row, expect), true);
  }

  put(row: NewRow): Promise<void> {
    return this.call("put", keys(row), () => this.table.put(row), true);
  }

  set(row: NewRow): Promise<void> {
    return this.call("set", keys(row), () => this.table.set(row), true);
  }

  remove(partitionKey: string, rowKey: string, expect?: string): Promise<boolean> {
    const what = () => `${partitionKey} ${rowKey}`;
    return this.call("remove", what, () => this.table.remove(partitionKey, rowKey, expect), true);
  }

  transact(changes: readonly RowChange[]): Promise<boolean> {
    const one = (change: RowChange): string =>
      `${change.kind} ${keys(change.kind === "delete" ? change : change.row)()}`;
    const what = () => changes.map(one).join(", ");
    return this.call("transact", what, () => this.table.transact(changes), true);
  }

  query(range: RowRange): AsyncIterableIterator<Row> {
    return new Rows(range, async (behind, left) => this.page(range, behind, left));
  }

  private async page(range: RowRange, behind: Row | null, left: number): Promise<{ rows: Row[]; last: boolean }> {
    // The service may end a page anywhere and hand out a continuation.
    const cut = this.kernel.latency.happens(0.03) ? this.kernel.latency.whole(1, 5) : MAX_PAGE;
    const size = Math.min(cut, left);
    const effect = () => this.table.page(range, behind, size);
    const rows = await this.call("query", () => JSON.stringify(range), effect);
    return { rows, last: rows.length < size };
  }

  private call<T>(verb: string, what: () => string, effect: () => T, repeatable = false): Promise<T> {
    const named = () => `${this.name} ${what()}`;
    const call: WireCall<T> = { port: "table", verb, what: named, effect, fault: tableFault, repeatable };
    return this.wire.call(this.caller, call);
  }
}

/** Rows of a range, page by page. Not an async generator: those take several turns for every row, and most calls are queries. */
class Rows implements AsyncIterableIterator<Row> {
  private rows: Row[] = [];
  private at = 0;
  private left: number;
  private ended = false;

  constructor(
    { limit }: RowRange,
    private readonly page: (behind: Row | null, left: number) => Promise<{ rows: Row[]; last: boolean }>,
  ) {
    this.left = limit ?? Number.POSITIVE_INFINITY;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Row>> {
    while (this.at >= this.rows.length) {
      if (this.ended || this.left <= 0) return { done: true, value: undefined };
      const { rows, last } = await this.page(this.rows.at(-1) ?? null, this.left);
      this.left -= rows.length;
      if (rows.length > 0) this.rows = rows;
      this.at = rows.length > 0 ? 0 : this.rows.length;
      this.ended = last;
    }
    const value = this.rows[this.at] as Row;
    this.at += 1;
    return { done: false, value };
  }
}

function tableFault(answered: boolean): Error {
  return answered
    ? new TableRuleError(500, "OperationTimedOut", "Operation could not be completed within the specified time.")
    : new TableRuleError(503, "ServerBusy", "The server is busy.");
}

const keys = (row: { readonly partitionKey: string; readonly rowKey: string }) => (): string =>
  `${row.partitionKey} ${row.rowKey}`;
