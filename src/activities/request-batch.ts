import type { RequestBatchInput } from "../domain/activity-types";
import type { Activity, ActivityDeps } from "../runs/deps";

/** Makes the collector's request; repeating it with the same alias finds the same run. */
export function createRequestBatch({
  requests,
}: ActivityDeps): Activity<RequestBatchInput, { readonly runId: string }> {
  return async ({ pipeline, alias }, { log, starter }) => {
    const { run, created } = await requests.requestRun({ pipeline, alias, reason: "drops" }, starter);
    log.info("batch asked for", { pipeline, runId: run.runId, created });
    return { runId: run.runId };
  };
}
