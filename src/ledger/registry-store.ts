import type { Membership } from "../domain/groups";
import type { PipelineDefinitions } from "../domain/pipeline-definition";
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
    for (const rowKey of [`pipeline|${pipeline}`, `group|${group}`]) {
      if (this.known.has(rowKey)) continue;
      await this.table.insert({ partitionKey: PARTITION, rowKey, since });
      this.known.add(rowKey);
    }
    const rowKey = `member|${pipeline}|${group}`;
    if (this.known.has(rowKey)) return;
    await this.join({ partitionKey: PARTITION, rowKey, since }, `member|${pipeline}|`);
    this.known.add(rowKey);
  }

  /**
   * Notes where all pipelines are now. A run is not asked for before: whether its group and another ever wrote the same tables may be
   * told by what a third pipeline was in.
   */
  async registerAll(definitions: PipelineDefinitions): Promise<void> {
    for (const { name, concurrencyGroup } of definitions.values()) await this.register(name, concurrencyGroup);
  }

  /** A pipeline that comes back to a group is in it since then: what began while it was elsewhere may still run. */
  private async join(member: { partitionKey: string; rowKey: string; since: string }, prefix: string): Promise<void> {
    if (await this.table.insert(member)) return;
    const rows = await listPrefix(this.table, PARTITION, prefix);
    const before = rows.find(({ rowKey }) => rowKey === member.rowKey);
    if (before && rows.some((row) => String(row["since"]) > String(before["since"]))) await this.table.put(member);
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
