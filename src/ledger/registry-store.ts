import type { Membership } from "../domain/groups";
import type { TablePort } from "./ports";
import { listPrefix } from "./ranges";

const PARTITION = "registry";

/**
 * Every pipeline, concurrency group and job that ever had a run or a drop here. A definition that was renamed, regrouped or removed
 * leaves runs, slots and drops behind, and whoever repairs must still find them.
 */
export class RegistryStore {
  private readonly known = new Set<string>();

  constructor(
    private readonly table: TablePort,
    private readonly now: () => Date,
  ) {}

  async register(pipeline: string, group: string): Promise<void> {
    const since = this.now().toISOString();
    for (const rowKey of [`pipeline|${pipeline}`, `group|${group}`, `member|${pipeline}|${group}`]) {
      if (this.known.has(rowKey)) continue;
      await this.table.insert({ partitionKey: PARTITION, rowKey, since });
      this.known.add(rowKey);
    }
  }

  /** Remembers jobs that a definition names: a stray run of one is looked for also when the definition is gone. */
  async registerJobs(jobs: Iterable<string>): Promise<void> {
    const since = this.now().toISOString();
    for (const job of jobs) {
      const rowKey = `job|${encodeURIComponent(job)}`;
      if (this.known.has(rowKey)) continue;
      await this.table.insert({ partitionKey: PARTITION, rowKey, since });
      this.known.add(rowKey);
    }
  }

  /** Every job that a definition ever named, with its prefix. */
  async jobs(): Promise<string[]> {
    return (await this.names("job|")).map((job) => decodeURIComponent(job));
  }

  /** Which pipeline was in which group, and since when. */
  async memberships(): Promise<Membership[]> {
    const rows = await listPrefix(this.table, PARTITION, "member|");
    return rows.map(({ rowKey, since }) => {
      const [, pipeline = "", group = ""] = rowKey.split("|");
      return { pipeline, group, since: String(since) };
    });
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
