import type { TablePort } from "./ports";
import { listPrefix } from "./ranges";

const PARTITION = "registry";

/**
 * Every pipeline and concurrency group that ever had a run or a drop here. A definition that was renamed, regrouped or removed
 * leaves runs, slots and drops behind, and whoever repairs must still find them.
 */
export class RegistryStore {
  private readonly known = new Set<string>();

  constructor(private readonly table: TablePort) {}

  async register(pipeline: string, group: string): Promise<void> {
    for (const rowKey of [`pipeline|${pipeline}`, `group|${group}`]) {
      if (this.known.has(rowKey)) continue;
      await this.table.insert({ partitionKey: PARTITION, rowKey });
      this.known.add(rowKey);
    }
  }

  async pipelines(): Promise<string[]> {
    return this.names("pipeline|");
  }

  async groups(): Promise<string[]> {
    return this.names("group|");
  }

  private async names(prefix: string): Promise<string[]> {
    const rows = await listPrefix(this.table, PARTITION, prefix);
    return rows.map((row) => row.rowKey.slice(prefix.length));
  }
}
