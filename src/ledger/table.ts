import { RestError, type TableClient, type TransactionAction } from "@azure/data-tables";

/** A stored row: keys, entity tag and flat columns. */
export type Row = Readonly<Record<string, unknown>> & {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly etag: string;
};
/** A row to write. */
export type NewRow = Readonly<Record<string, unknown>> & { readonly partitionKey: string; readonly rowKey: string };

/** One operation of a transaction; `expect` is the entity tag that the row must still have. */
export type RowChange =
  | { readonly kind: "insert"; readonly row: NewRow }
  | { readonly kind: "merge"; readonly row: NewRow; readonly expect: string }
  /** Unguarded: put a guarded change of another row into the same transaction. */
  | { readonly kind: "delete"; readonly partitionKey: string; readonly rowKey: string };

const CONFLICTS = new Set([404, 409, 412]);
/** Faults of the table itself, which share a status with conflicts. */
const TABLE_FAULTS = new Set(["TableNotFound", "TableBeingDeleted"]);

/** True when a storage call failed because another writer was faster, or the row is gone. */
function isConflict(error: unknown): boolean {
  if (!(error instanceof RestError) || error.statusCode === undefined) return false;
  return CONFLICTS.has(error.statusCode) && !TABLE_FAULTS.has(error.code ?? "");
}

function isAbsent(error: unknown): boolean {
  return error instanceof RestError && error.statusCode === 404;
}

function action(change: RowChange): TransactionAction {
  switch (change.kind) {
    case "insert":
      return ["create", change.row];
    case "merge":
      return ["update", change.row, "Merge", { etag: change.expect }];
    case "delete":
      return ["delete", { partitionKey: change.partitionKey, rowKey: change.rowKey }];
  }
}

/** Quotes a value for an OData filter. */
export function quote(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/**
 * One ledger table. Conflicts are answers (`false`), other storage faults are thrown. The table is created on first use.
 */
export class LedgerTable {
  private ready: Promise<void> | undefined;

  constructor(private readonly client: TableClient) {}

  async get(partitionKey: string, rowKey: string): Promise<Row | null> {
    await this.open();
    try {
      return await this.client.getEntity<Row>(partitionKey, rowKey);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
  }

  /** Inserts; false when the row is there already. */
  async insert(row: NewRow): Promise<boolean> {
    return this.guarded(async () => this.client.createEntity(row));
  }

  /** Merges columns into a row that still has the entity tag; false when it changed or is gone. */
  async merge(row: NewRow, expect: string): Promise<boolean> {
    return this.guarded(async () => this.client.updateEntity(row, "Merge", { etag: expect }));
  }

  /** Inserts or replaces; for rows of which every writer writes the same. */
  async put(row: NewRow): Promise<void> {
    await this.open();
    await this.client.upsertEntity(row, "Replace");
  }

  /** Inserts, or sets just these columns; for rows in which every column stands alone. */
  async set(row: NewRow): Promise<void> {
    await this.open();
    await this.client.upsertEntity(row, "Merge");
  }

  /** Deletes; an absent row is no error. */
  async remove(partitionKey: string, rowKey: string): Promise<void> {
    await this.guarded(async () => this.client.deleteEntity(partitionKey, rowKey));
  }

  /** Applies all changes of one partition or none; false on a conflict. */
  async transact(changes: readonly RowChange[]): Promise<boolean> {
    return this.guarded(async () => this.client.submitTransaction(changes.map(action)));
  }

  /** Rows of an OData filter in key order, at most `limit`. */
  async list(filter: string, limit = Number.POSITIVE_INFINITY): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const row of this.scan(filter)) {
      if (rows.length >= limit) break;
      rows.push(row);
    }
    return rows;
  }

  /** Rows of an OData filter in key order. */
  async *scan(filter: string): AsyncGenerator<Row> {
    await this.open();
    for await (const row of this.client.listEntities({ queryOptions: { filter } })) yield row as unknown as Row;
  }

  /** Rows of a partition whose row key begins with `prefix`, optionally beyond `after`. */
  async listPrefix(
    partitionKey: string,
    prefix: string,
    options: { after?: string; limit?: number } = {},
  ): Promise<Row[]> {
    const lower = options.after === undefined ? `RowKey ge ${quote(prefix)}` : `RowKey gt ${quote(options.after)}`;
    const filter = `PartitionKey eq ${quote(partitionKey)} and ${lower} and RowKey lt ${quote(`${prefix}~`)}`;
    return this.list(filter, options.limit);
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
