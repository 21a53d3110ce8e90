import type { ClaimInput, ClaimResult } from "../domain/activity-types";
import { isClosed, type RunRecord } from "../domain/run";
import type { Activity, ActivityDeps } from "../runs/deps";
import { DROPS_PER_PAGE, settleBatch } from "../runs/settle-batch";
import { takeOverBatch } from "../runs/take-over-batch";

const mayClaim = (run: RunRecord | null, attempt: number): boolean =>
  run !== null &&
  !isClosed(run.state) &&
  run.attempt === attempt &&
  run.frozenAt === null &&
  run.cancelRequestedAt === null;

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
    const page = await ledger.batches.claim(pipeline, runId, DROPS_PER_PAGE, room);
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
