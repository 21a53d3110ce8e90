import { scheduleAlias } from "../domain/ids";
import { scheduleOf } from "../domain/pipeline-definition";
import { lastOccurrence } from "../domain/schedule";
import { definitionOf, type OperationDeps, type Operator } from "./deps";

/**
 * Decides about missed occurrences that wait for a person. Approved, the newest of them is asked for: its run takes what is there, and so
 * covers them all. Repeating it finds nothing that waits.
 * @returns the run that catches up; null when none does
 * @throws UnknownPipelineError
 */
export async function decideCatchUp(
  deps: OperationDeps,
  { pipeline, approve }: { readonly pipeline: string; readonly approve: boolean },
  { by, reason, starter, log }: Operator,
): Promise<string | null> {
  const definition = definitionOf(deps, pipeline);
  const { ledger, requests } = deps.activities;
  const { heldCatchUp } = await ledger.states.get(pipeline);
  const schedule = scheduleOf(definition);
  if (heldCatchUp === null || schedule === null) return null;
  const action = approve ? "approve-catch-up" : "dismiss-catch-up";
  await ledger.actions.note({ action, subject: pipeline, by, reason });
  const newest = approve ? lastOccurrence(schedule, new Date(heldCatchUp.until)) : null;
  let runId: string | null = null;
  if (newest !== null) {
    const who = by === null ? {} : { requestedBy: by };
    const request = { pipeline, alias: scheduleAlias(newest), reason: "schedule", ...who } as const;
    runId = (await requests.requestRun(request, starter)).run.runId;
  }
  await ledger.states.clearHeldCatchUp(pipeline, heldCatchUp);
  log.info("catch-up decided", { pipeline, approve, runId });
  return runId;
}
