import type { RequestBatchInput } from "../domain/activity-types";
import { holdingPause } from "../domain/pause";
import type { Activity, ActivityDeps } from "../runs/deps";

/**
 * Makes the collector's request; repeating it with the same alias finds the same run. A pipeline that was paused since the collector's
 * look gets none.
 */
export function createRequestBatch({
  ledger,
  requests,
}: ActivityDeps): Activity<RequestBatchInput, { readonly runId: string | null }> {
  return async ({ pipeline, alias }, { log, starter }) => {
    if (holdingPause((await ledger.states.get(pipeline)).pause) !== null) return { runId: null };
    const { run, created } = await requests.requestRun({ pipeline, alias, reason: "drops" }, starter);
    log.info("batch asked for", { pipeline, runId: run.runId, created });
    return { runId: run.runId };
  };
}
