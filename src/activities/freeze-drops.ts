import type { PageResult, RunAttempt } from "../domain/activity-types";
import { frozenBlob } from "../domain/ids";
import type { BatchEntry } from "../ledger/drop-rows";
import type { FrozenBytes } from "../ledger/freezer";
import { inParallel } from "../ledger/parallel";
import { isClosed } from "../domain/run";
import { DROPS_PER_ACTIVITY } from "./claim-drops";
import type { Activity, ActivityDeps } from "../runs/deps";

const PARALLEL_COPIES = 8;

/** Freezes the bytes of a page of the batch. Drops whose bytes are gone end here, with the reason. */
export function createFreezeDrops({ ledger }: ActivityDeps): Activity<RunAttempt, PageResult> {
  async function freezeOne(runId: string, entry: BatchEntry, byReference: boolean): Promise<FrozenBytes> {
    const truth = await ledger.drops.get(entry.keys);
    if (truth?.drop.state !== "claimed" || truth.drop.runId !== runId) {
      await ledger.batches.giveBack(runId, entry.keys);
      return "later";
    }
    const { drop } = entry;
    const bytes = byReference
      ? await ledger.freezer.reference(drop)
      : await ledger.freezer.freeze(drop, frozenBlob(runId, drop.path));
    switch (bytes) {
      case "frozen":
        await ledger.batches.markFrozen(runId, entry);
        break;
      case "superseded":
        await ledger.batches.finish(runId, entry, "superseded", "the blob was overwritten before it was frozen");
        break;
      case "vanished":
        await ledger.batches.finish(runId, entry, "vanished", "the blob was deleted before it was frozen");
        break;
      case "later":
        await ledger.batches.giveBack(runId, entry.keys);
        break;
      case "copying":
        break;
    }
    return bytes;
  }

  return async ({ runId, attempt }, { log }) => {
    const stored = await ledger.runs.find(runId);
    if (!stored || isClosed(stored.run.state) || stored.run.frozenAt !== null) return { remaining: 0, copying: 0 };
    const waiting = await ledger.batches.entries(runId, "");
    const page = waiting.slice(0, DROPS_PER_ACTIVITY);
    const byReference = stored.definition.drops?.freeze === "reference";
    // Versions of one path share a target: one after the other.
    const byPath = new Map<string, BatchEntry[]>();
    for (const entry of page) byPath.set(entry.drop.path, [...(byPath.get(entry.drop.path) ?? []), entry]);
    const results = await inParallel([...byPath.values()], PARALLEL_COPIES, async (entries) => {
      const made: FrozenBytes[] = [];
      for (const entry of entries) made.push(await freezeOne(runId, entry, byReference));
      return made;
    });
    const copying = results.flat().filter((bytes) => bytes === "copying").length;
    log.info("drops frozen", { runId, attempt, drops: page.length - copying, copying });
    return { remaining: waiting.length - page.length + copying, copying };
  };
}
