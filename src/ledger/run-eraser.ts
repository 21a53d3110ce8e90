import type { RunRecord } from "../domain/run";
import { sha256 } from "../domain/tokens";
import { batchPartition, toBatchEntry } from "./drops/batch-rows";
import type { DropStore } from "./drops/drop-store";
import type { BlobPort, TablePort } from "./ports";
import { listPrefix, rowsOf } from "./ranges";
import { runKeys, stateKeys } from "./run-rows";

/** Removes the rows of one run for good. The run's own row goes last: while it is there, a pass that was cut off is repeated. */
export class RunEraser {
  constructor(
    private readonly runs: TablePort,
    private readonly drops: DropStore,
    private readonly blobs: BlobPort,
  ) {}

  async erase(run: RunRecord): Promise<void> {
    await this.eraseDrops(run);
    await this.eraseGenerations(run.runId);
    const { pipeline, runId, state, alias, attempt } = run;
    const keys = runKeys(runId);
    if (keys === null) return;
    await this.eraseIfNaming(pipeline, `alias|${sha256(alias)}`, runId);
    for (let one = 1; one <= attempt; one += 1) await this.runs.remove(pipeline, `promised|late-${runId}-a${one}`);
    const index = stateKeys(run, state);
    await this.runs.remove(index.partitionKey, index.rowKey);
    await this.runs.remove(keys.partitionKey, keys.rowKey);
  }

  private async eraseIfNaming(partitionKey: string, rowKey: string, runId: string): Promise<void> {
    const row = await this.runs.get(partitionKey, rowKey);
    if (row?.["runId"] === runId) await this.runs.remove(partitionKey, rowKey, row.etag);
  }

  private async eraseGenerations(runId: string): Promise<void> {
    for (const row of await listPrefix(this.runs, `generation|${runId}`, "g|")) {
      const databricksRunId = row["databricksRunId"];
      if (typeof databricksRunId === "string" && databricksRunId !== "")
        await this.eraseIfNaming("databricks", databricksRunId, runId);
      await this.runs.remove(row.partitionKey, row.rowKey);
    }
  }

  /** A drop whose blob is still there stays known: otherwise the next scan of the container would find it, and read it again. */
  private async eraseDrops({ runId }: RunRecord): Promise<void> {
    for (const row of await rowsOf(this.drops.table, { partition: batchPartition(runId) })) {
      const { keys, drop } = toBatchEntry(row);
      const stored = await this.drops.get(keys);
      const isOurs = stored?.drop.runId === runId && stored.drop.state !== "pending" && stored.drop.state !== "claimed";
      const head = isOurs ? await this.blobs.head(drop.container, drop.path) : null;
      if (stored !== null && isOurs && head?.etag !== drop.etag) await this.drops.erase(stored);
      await this.drops.table.remove(row.partitionKey, row.rowKey);
    }
  }
}
