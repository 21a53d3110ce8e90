import {
  batchRow,
  keysOfIndexRow,
  pendingRow,
  toBatchEntry,
  type BatchEntry,
  type DropKeys,
  type FreezeOutcome,
} from "./drop-rows";
import type { DropStore } from "./drop-store";
import { inParallel } from "./parallel";
import type { TablePort } from "./ports";
import { listPrefix } from "./ranges";
import type { DropRecord } from "../domain/drop";

/** What one page of claiming did. */
export interface ClaimedPage {
  /** Drops that this call moved into the batch. */
  readonly claimed: readonly DropKeys[];
  /** True when the page was full, so that there may be more. */
  readonly more: boolean;
}

/** Drops that are worked on at the same time. */
const PARALLEL = 16;

/** The batches: which drops a run holds, and what the freeze made of each. */
export class BatchStore {
  private readonly table: TablePort;

  constructor(private readonly drops: DropStore) {
    this.table = drops.table;
  }

  /**
   * Moves up to `limit` pending drops into the batch of a run. Safe to repeat and to run twice at once: a drop changes hands by
   * If-Match, and a half-done claim of whoever crashed is finished here.
   */
  async claim(pipeline: string, runId: string, limit: number): Promise<ClaimedPage> {
    const rows = await listPrefix(this.table, `pending|${pipeline}`, "", { limit });
    const claimed = await inParallel(rows, PARALLEL, async (row) => {
      const keys = keysOfIndexRow(row.rowKey);
      const owner = await this.take(keys, runId);
      if (owner !== null) await this.table.insert(batchRow(owner.runId, keys, owner.drop, ""));
      await this.table.remove(row.partitionKey, row.rowKey);
      // A drop that went back to pending between the two writes above has lost its index row: put it back.
      const now = await this.drops.get(keys);
      if (now?.drop.state === "pending") await this.table.insert(pendingRow(now.drop.pipeline, now.drop.seenAt, keys));
      return owner?.mine ? keys : null;
    });
    return { claimed: claimed.filter((keys) => keys !== null), more: rows.length >= limit };
  }

  /** The batch of a run; `outcome` chooses. */
  async entries(runId: string, outcome?: FreezeOutcome, limit?: number): Promise<BatchEntry[]> {
    const rows = await listPrefix(this.table, `batch|${runId}`, "");
    const entries = rows.map(toBatchEntry).filter((entry) => outcome === undefined || entry.outcome === outcome);
    return limit === undefined ? entries : entries.slice(0, limit);
  }

  /** Notes that the bytes are frozen; the drop itself is batched only by the manifest. */
  async markFrozen(runId: string, entry: BatchEntry): Promise<void> {
    await this.table.put(batchRow(runId, entry.keys, entry.drop, "frozen"));
  }

  /** Gives a drop of the batch its final state with the reason. */
  async finish(
    runId: string,
    entry: BatchEntry,
    state: "batched" | "superseded" | "vanished",
    reason: string,
  ): Promise<void> {
    await this.move(entry.keys, runId, { state, reason, runId: state === "batched" ? runId : "" });
    await this.table.put(batchRow(runId, entry.keys, entry.drop, state));
  }

  /** Puts a drop that the run holds back to the pending ones, for a later batch. */
  async giveBack(runId: string, keys: DropKeys): Promise<void> {
    const drop = await this.move(keys, runId, { state: "pending", reason: "", runId: "" });
    if (drop?.state === "pending") await this.table.insert(pendingRow(drop.pipeline, drop.seenAt, keys));
    await this.table.remove(`batch|${runId}`, `${keys.partitionKey}|${keys.rowKey}`);
  }

  /** Claims by If-Match; tells who holds the drop, or null when nobody has to. */
  private async take(
    keys: DropKeys,
    runId: string,
  ): Promise<{ runId: string; drop: DropRecord; mine: boolean } | null> {
    for (;;) {
      const found = await this.drops.get(keys);
      if (!found) return null;
      const { drop, rowEtag } = found;
      if (drop.state === "claimed" && drop.runId !== null) return { runId: drop.runId, drop, mine: false };
      if (drop.state !== "pending") return null;
      if (await this.table.merge({ ...keys, state: "claimed", runId, reason: `claimed by ${runId}` }, rowEtag)) {
        return { runId, drop, mine: true };
      }
    }
  }

  /** Changes a drop that the run holds as claimed; another state is left alone. Returns the drop as it is then. */
  private async move(
    keys: DropKeys,
    runId: string,
    change: { state: string; reason: string; runId: string },
  ): Promise<DropRecord | null> {
    for (;;) {
      const found = await this.drops.get(keys);
      if (!found) return null;
      if (found.drop.state !== "claimed" || found.drop.runId !== runId) return found.drop;
      if (await this.table.merge({ ...keys, ...change }, found.rowEtag))
        return (await this.drops.get(keys))?.drop ?? null;
    }
  }
}
