import type { FinishResult, RunAttempt } from "../domain/activity-types";
import type { Activity, ActivityDeps } from "../runs/deps";
import { finishPages } from "../runs/settle-batch";

/** Makes the drops of the manifest batched, and gives back what the run holds but the manifest does not list. */
export function createFinishBatch({ ledger }: ActivityDeps): Activity<RunAttempt, FinishResult> {
  return async ({ runId }) => {
    const run = await ledger.runs.get(runId);
    if (run === null || run.frozenAt === null) throw new Error(`run ${runId} is not frozen`);
    return { more: await finishPages(ledger, run) };
  };
}
