import type { StepAttempt } from "../domain/activity-types";
import { cancelGeneration } from "../runs/stop-run";
import type { Activity, ActivityDeps } from "../runs/deps";

/** Asks Databricks to end the run of this generation. A fault that passes is no error: the orchestrator asks again. */
export function createCancelStep(deps: ActivityDeps): Activity<StepAttempt, null> {
  return async ({ runId, ordinal, generation }, { log }) => {
    const record = await deps.ledger.generations.get(runId, ordinal, generation);
    if (record === null || record.terminal) return null;
    const result = await cancelGeneration(deps, record);
    log.info("cancel asked for", {
      runId,
      step: record.step,
      generation,
      databricksRunId: record.databricksRunId,
      answer: result.kind,
    });
    return null;
  };
}
