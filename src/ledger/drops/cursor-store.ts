import type { Row, TablePort } from "../ports";

const PARTITION = "cursor";

/** Where slow sweeps stopped, so that the next pass goes on there. */
export class CursorStore {
  constructor(private readonly table: TablePort) {}

  async get(name: string): Promise<Row | null> {
    return this.table.get(PARTITION, name);
  }

  async set(name: string, columns: Readonly<Record<string, string | number>>): Promise<void> {
    await this.table.put({ partitionKey: PARTITION, rowKey: name, ...columns });
  }
}
