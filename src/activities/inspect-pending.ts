import type { CollectorInput, PendingResult } from "../domain/activity-types";
import type { PipelineDefinitions } from "../domain/pipeline-definition";
import type { Activity, ActivityDeps } from "../runs/deps";

/** Tells the collector what waits, how long it may wait, and whether a run that is already asked for will take it. */
export function createInspectPending(
  { ledger }: ActivityDeps,
  definitions: PipelineDefinitions,
): Activity<CollectorInput, PendingResult> {
  return async ({ pipeline }) => {
    const drops = definitions.get(pipeline)?.drops;
    const pending = drops ? await ledger.drops.pending(pipeline) : { count: 0, oldestSeenAt: null, newestSeenAt: null };
    const open = pending.count > 0 ? await ledger.runs.open(pipeline) : [];
    const covered = open.some((run) => run.frozenAt === null && run.cancelRequestedAt === null);
    const { quietPeriodSeconds = 0, maxWaitSeconds = 0 } = drops ?? {};
    return { ...pending, quietPeriodSeconds, maxWaitSeconds, covered };
  };
}
