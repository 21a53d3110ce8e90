import type { CollectorInput, PendingResult } from "../domain/activity-types";
import { holdingPause } from "../domain/pause";
import type { PipelineDefinitions } from "../domain/pipeline-definition";
import { lookAgain, type DropRecorder } from "../ledger/drops/record-blob";
import type { Activity, ActivityDeps } from "../runs/deps";
import { dueRetake } from "../runs/take-over-batch";

/** Blobs that one look goes through. */
const UNFINISHED_PER_LOOK = 200;

/** Looks at the unfinished blobs of a pipeline; gives the seconds until the next has to be looked at, null when there is none. */
async function lookAtUnfinished(
  recorder: DropRecorder,
  pipeline: string,
  settleSeconds: number,
): Promise<number | null> {
  let next: number | null = null;
  for (const blob of await recorder.unfinished.list(pipeline, UNFINISHED_PER_LOOK)) {
    const at = await lookAgain(recorder, blob, settleSeconds);
    if (at !== null) next = Math.min(next ?? Infinity, at.getTime());
  }
  return next === null ? null : Math.max(1, Math.ceil((next - recorder.now().getTime()) / 1000));
}

/** Tells the collector what waits, how long it may wait, and whether a run that is already asked for will take it. */
export function createInspectPending(
  { ledger }: ActivityDeps,
  definitions: PipelineDefinitions,
): Activity<CollectorInput, PendingResult> {
  return async ({ pipeline }) => {
    const drops = definitions.get(pipeline)?.drops;
    const { quietPeriodSeconds = 0, maxWaitSeconds = 0, settleSeconds = 0 } = drops ?? {};
    const none = { count: 0, oldestSeenAt: null, newestSeenAt: null, retakeDue: false, lookAgainSeconds: null };
    if (!drops) return { ...none, quietPeriodSeconds, maxWaitSeconds, covered: false };
    const lookAgainSeconds = await lookAtUnfinished({ ...ledger, definitions }, pipeline, settleSeconds);
    // Blobs still become drops; what asks for a run waits.
    if (holdingPause((await ledger.states.get(pipeline)).pause) !== null)
      return { ...none, quietPeriodSeconds, maxWaitSeconds, covered: false, lookAgainSeconds };
    const recently = new Date(ledger.now().getTime() - quietPeriodSeconds * 1000).toISOString();
    const pending = await ledger.drops.pending(pipeline, recently);
    const retakeDue = (await dueRetake(ledger, pipeline, null)) !== null;
    const open = pending.count > 0 || retakeDue ? await ledger.runs.open(pipeline) : [];
    const covered = open.some((run) => run.frozenAt === null && run.cancelRequestedAt === null);
    return { ...pending, quietPeriodSeconds, maxWaitSeconds, covered, retakeDue, lookAgainSeconds };
  };
}
