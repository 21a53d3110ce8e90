import type { ClaimInput, ClaimResult } from "../domain/activity-types";
import type { DropRecord } from "../domain/drop";
import { isClosed, type RunRecord } from "../domain/run";
import type { Activity, ActivityDeps } from "../runs/deps";
import { DeliveryJudge } from "../runs/deliveries";
import { DROPS_PER_PAGE, settleBatch } from "../runs/settle-batch";
import { takeOverBatch } from "../runs/take-over-batch";

/** Of many incomplete deliveries a run names the first. */
const MAX_NOTES = 50;
/** Characters of a note. All that a run keeps are one text of its row, which may have 32 Ki characters. */
const MAX_NOTE_LENGTH = 300;

const cut = (note: string): string => (note.length > MAX_NOTE_LENGTH ? `${note.slice(0, MAX_NOTE_LENGTH - 1)}…` : note);

const mayClaim = (run: RunRecord | null, attempt: number): boolean =>
  run !== null &&
  !isClosed(run.state) &&
  run.attempt === attempt &&
  run.frozenAt === null &&
  run.cancelRequestedAt === null;

/** Lets the run say which deliveries it took although they were not whole. */
async function noteIncomplete({ ledger }: ActivityDeps, runId: string, notes: readonly string[]): Promise<void> {
  if (notes.length === 0) return;
  await ledger.runs.change(runId, ({ state, notes: known = [] }) => {
    const all = [...new Set([...known, ...notes].map(cut))].slice(0, MAX_NOTES);
    return isClosed(state) || all.length === known.length ? null : { notes: all };
  });
}

/**
 * Takes over the batch of a failed run that is due, or else moves pending drops into the batch, as far as the definition has room. What
 * a late execution claims after the freeze goes back to the pending ones (I2).
 */
export function createClaimDrops(deps: ActivityDeps): Activity<ClaimInput, ClaimResult> {
  const { ledger } = deps;
  return async ({ runId, attempt, files, bytes }, { log }) => {
    const stored = await ledger.runs.find(runId);
    const { freezeTimeoutSeconds = 0, maxFiles = 0, maxBytes = Infinity } = stored?.definition.drops ?? {};
    const ended = { files, bytes, more: false, freezeTimeoutSeconds };
    if (!stored || !mayClaim(stored.run, attempt))
      return { ...ended, cancelRequested: stored === null || stored.run.cancelRequestedAt !== null };
    const { pipeline } = stored.run;
    if (files === 0 && (await takeOverBatch(deps, stored.run, log))) return { ...ended, cancelRequested: false };
    const room = { files: maxFiles - files, bytes: maxBytes - bytes };
    const judge = new DeliveryJudge(ledger, stored.definition);
    const isFree = async (drop: DropRecord): Promise<boolean> => (await judge.judge(drop)).kind !== "waited";
    const page = await ledger.batches.claim(pipeline, runId, DROPS_PER_PAGE, room, isFree);
    await noteIncomplete(deps, runId, await judge.notes());
    const after = await ledger.runs.get(runId);
    if (!mayClaim(after, attempt)) {
      if (after) await settleBatch(ledger, after);
      return { ...ended, cancelRequested: after?.cancelRequestedAt !== null };
    }
    log.info("drops claimed", { runId, attempt, drops: page.claimed.length });
    return {
      files: files + page.claimed.length,
      bytes: page.claimed.reduce((sum, { drop }) => sum + drop.size, bytes),
      more: page.more,
      cancelRequested: false,
      freezeTimeoutSeconds,
    };
  };
}
