import type { RunAttempt, SettleResult } from "../domain/activity-types";
import type { ActivityDeps } from "./deps";
import { settleGeneration } from "./stop-run";

/** Ends every Databricks run of the run that is still active and counts those that are not terminal yet (I4, I6). */
export async function settleRun(deps: ActivityDeps, { runId }: RunAttempt): Promise<SettleResult> {
  let remaining = 0;
  for (const record of await deps.ledger.generations.list(runId)) {
    if (!(await settleGeneration(deps, record))) remaining += 1;
  }
  return { remaining };
}
