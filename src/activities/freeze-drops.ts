import type { FreezeInput, FreezeResult } from "../domain/activity-types";
import { frozenBlob } from "../domain/frozen-name";
import { isClosed } from "../domain/run";
import type { BatchEntry } from "../ledger/drops/batch-rows";
import { holds } from "../ledger/drops/batch-store";
import type { FrozenBytes } from "../ledger/drops/freezer";
import { inParallel } from "../ledger/parallel";
import { StorageError } from "../ledger/ports";
import type { Activity, ActivityDeps } from "../runs/deps";
import { DROPS_PER_PAGE } from "../runs/settle-batch";

const PARALLEL_COPIES = 8;

/**
 * Freezes the bytes of a page of the batch. A drop whose bytes are gone or unfit ends here, with the reason; one that cannot be frozen
 * yet waits behind the others, so that it holds up none of them.
 */
export function createFreezeDrops(
  { ledger }: ActivityDeps,
  dropsPerPage = DROPS_PER_PAGE,
): Activity<FreezeInput, FreezeResult> {
  const { batches, drops, freezer } = ledger;

  async function bytesOf(runId: string, { drop }: BatchEntry, inPlace: boolean): Promise<FrozenBytes> {
    const target = frozenBlob(runId, drop);
    return inPlace ? freezer.reference(drop, target) : freezer.freeze(drop, target);
  }

  /** Path of a copy that is good after all. What a failed one left is in nobody's way: when it cannot be removed, it stays. */
  async function giveUpOn(runId: string, { drop }: BatchEntry): Promise<string | null> {
    try {
      return await freezer.giveUp(drop, frozenBlob(runId, drop));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return null;
    }
  }

  /** @returns true when the drop has its outcome */
  async function freezeOne(runId: string, entry: BatchEntry, inPlace: boolean, giveUp: boolean): Promise<boolean> {
    const truth = await drops.get(entry.keys);
    if (!truth || !holds(runId, entry, truth)) {
      await batches.giveBack(runId, entry);
      return true;
    }
    const bytes = await bytesOf(runId, entry, inPlace);
    switch (bytes.kind) {
      case "frozen":
        await batches.change(runId, entry, "frozen", { frozenPath: bytes.frozenPath });
        return true;
      case "superseded":
        await batches.finish(runId, entry, "superseded", "the blob was overwritten before it was frozen");
        return true;
      case "vanished":
        await batches.finish(runId, entry, "vanished", "the blob was deleted before it was frozen");
        return true;
      case "unfit":
        await batches.finish(runId, entry, "quarantined", bytes.reason);
        return true;
      case "copying":
      case "failed": {
        const fault = bytes.kind === "failed" ? bytes.fault : "its copy did not end";
        if (!giveUp) {
          await batches.change(runId, entry, "waiting");
          return false;
        }
        const frozenPath = await giveUpOn(runId, entry);
        if (frozenPath === null) await batches.finish(runId, entry, "quarantined", `could not be frozen: ${fault}`);
        else await batches.change(runId, entry, "frozen", { frozenPath });
        return true;
      }
    }
  }

  return async ({ runId, attempt, giveUp }, { log }) => {
    const stored = await ledger.runs.find(runId);
    const none = { left: "none", settled: 0, cancelRequested: false } as const;
    if (!stored || isClosed(stored.run.state) || stored.run.frozenAt !== null) return none;
    if (stored.run.cancelRequestedAt !== null) return { ...none, cancelRequested: true };
    let page = await batches.entries(runId, "todo", dropsPerPage);
    if (page.length === 0 && (await batches.adoptOldRows(runId)) > 0)
      page = await batches.entries(runId, "todo", dropsPerPage);
    const untried = page.length === dropsPerPage;
    if (page.length === 0) page = await batches.entries(runId, "waiting", dropsPerPage);
    const container = stored.definition.drops?.container;
    // When the storage is away, no single drop is to blame.
    if (giveUp && container !== undefined) await freezer.proveStorage(container);
    const inPlace = stored.definition.drops?.freeze === "reference";
    const done = await inParallel(page, PARALLEL_COPIES, async (entry) => freezeOne(runId, entry, inPlace, giveUp));
    const settled = done.filter(Boolean).length;
    log.info("drops frozen", { runId, attempt, drops: settled, waiting: page.length - settled });
    if (untried) return { left: "untried", settled, cancelRequested: false };
    return { left: (await batches.has(runId, "waiting")) ? "waiting" : "none", settled, cancelRequested: false };
  };
}
