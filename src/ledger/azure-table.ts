import { RestError, type TableClient, type TransactionAction } from "@azure/data-tables";
import type { NewRow, PartitionRange, Row, RowChange, RowRange, TablePort } from "./ports";

const CONFLICTS = new Set([404, 409, 412]);
/** Faults of the table itself, which share a status with conflicts. */
const TABLE_FAULTS = new Set(["TableNotFound", "TableBeingDeleted"]);
/** Rows that the service returns at once at most. */
const MAX_PAGE = 1000;
const MAX_INT32 = 2 ** 31 - 1;

/** True when a storage call failed because another writer was faster, or the row is gone. */
function isConflict(error: unknown): boolean {
  if (!(error instanceof RestError) || error.statusCode === undefined) return false;
  return CONFLICTS.has(error.statusCode) && !TABLE_FAULTS.has(error.code ?? "");
}

function isAbsent(error: unknown): boolean {
  return error instanceof RestError && error.statusCode === 404;
}

/** Whole numbers of more than 32 bits need their type told. */
function toEntity(row: NewRow): NewRow {
  const columns = Object.entries(row).map(([column, value]) =>
    typeof value === "number" && Number.isInteger(value) && Math.abs(value) > MAX_INT32
      ? [column, { type: "Int64", value: String(value) }]
      : [column, value],
  );
  return Object.fromEntries(columns) as NewRow;
}

/** Large whole numbers come back as bigint; the ledger's fit a number. */
function toRow(entity: object): Row {
  const columns = Object.entries(entity).map(([column, value]: [string, unknown]) => [
    column,
    typeof value === "bigint" ? Number(value) : value,
  ]);
  return Object.fromEntries(columns) as Row;
}

function action(change: RowChange): TransactionAction {
  switch (change.kind) {
    case "insert":
      return ["create", toEntity(change.row)];
    case "merge":
      return ["update", toEntity(change.row), "Merge", { etag: change.expect }];
    case "delete":
      return ["delete", { partitionKey: change.partitionKey, rowKey: change.rowKey }];
  }
}

/** Quotes a value for an OData filter. */
function quote(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function conditions(key: string, { from, after, before }: Partial<PartitionRange>): string[] {
  return [
    ...(from === undefined ? [] : [`${key} ge ${quote(from)}`]),
    ...(after === undefined ? [] : [`${key} gt ${quote(after)}`]),
    ...(before === undefined ? [] : [`${key} lt ${quote(before)}`]),
  ];
}

function filterOf({ partition, ...rows }: RowRange): string {
  const partitions =
    typeof partition === "string" ? [`PartitionKey eq ${quote(partition)}`] : conditions("PartitionKey", partition);
  return [...partitions, ...conditions("RowKey", rows)].join(" and ");
}

/** A table of Azure Storage, created on first use. */
export class AzureTable implements TablePort {
  private ready: Promise<void> | undefined;

  constructor(private readonly client: TableClient) {}

  async get(partitionKey: string, rowKey: string): Promise<Row | null> {
    await this.open();
    try {
      return toRow(await this.client.getEntity(partitionKey, rowKey));
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  async insert(row: NewRow): Promise<boolean> {
    return this.guarded(async () => this.client.createEntity(toEntity(row)));
  }

  async merge(row: NewRow, expect: string): Promise<boolean> {
    return this.guarded(async () => this.client.updateEntity(toEntity(row), "Merge", { etag: expect }));
  }

  async put(row: NewRow): Promise<void> {
    await this.open();
    await this.client.upsertEntity(toEntity(row), "Replace");
  }

  async set(row: NewRow): Promise<void> {
    await this.open();
    await this.client.upsertEntity(toEntity(row), "Merge");
  }

  async remove(partitionKey: string, rowKey: string, expect?: string): Promise<boolean> {
    const options = expect === undefined ? {} : { etag: expect };
    return this.guarded(async () => this.client.deleteEntity(partitionKey, rowKey, options));
  }

  async transact(changes: readonly RowChange[]): Promise<boolean> {
    return this.guarded(async () => this.client.submitTransaction(changes.map(action)));
  }

  async *query(range: RowRange): AsyncGenerator<Row> {
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    if (left <= 0) return;
    await this.open();
    const rows = this.client.listEntities({ queryOptions: { filter: filterOf(range) } });
    for await (const page of rows.byPage({ maxPageSize: Math.min(left, MAX_PAGE) })) {
      for (const entity of page) {
        yield toRow(entity);
        left -= 1;
        if (left <= 0) return;
      }
    }
  }

  private async guarded(write: () => Promise<unknown>): Promise<boolean> {
    await this.open();
    try {
      await write();
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }

  private async open(): Promise<void> {
    this.ready ??= this.client.createTable().catch((error: unknown) => {
      this.ready = undefined;
      throw error;
    });
    await this.ready;
  }
}
