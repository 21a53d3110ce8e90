import type { ClaimResult, RunAttempt } from "../domain/activity-types";
import { inParallel } from "../ledger/parallel";
import { isClosed, type RunRecord } from "../domain/run";
import type { Activity, ActivityDeps } from "../runs/deps";

/** Drops that one execution of a batch activity handles. */
export const DROPS_PER_ACTIVITY = 500;

const mayClaim = (run: RunRecord | null, attempt: number): boolean =>
  run !== null &&
  !isClosed(run.state) &&
  run.attempt === attempt &&
  run.frozenAt === null &&
  run.cancelRequestedAt === null;

/** Moves pending drops into the batch. What a late execution claims after the freeze goes back to the pending ones (I2). */
export function createClaimDrops({ ledger }: ActivityDeps): Activity<RunAttempt, ClaimResult> {
  return async ({ runId, attempt }, { log }) => {
    const run = await ledger.runs.get(runId);
    if (!run || !mayClaim(run, attempt))
      return { more: false, cancelRequested: run === null || run.cancelRequestedAt !== null };
    const page = await ledger.batches.claim(run.pipeline, runId, DROPS_PER_ACTIVITY);
    const after = await ledger.runs.get(runId);
    if (!mayClaim(after, attempt)) {
      await inParallel(page.claimed, 16, async (keys) => ledger.batches.giveBack(runId, keys));
      return { more: false, cancelRequested: after?.cancelRequestedAt !== null };
    }
    log.info("drops claimed", { runId, attempt, drops: page.claimed.length });
    return { more: page.more, cancelRequested: false };
  };
}
