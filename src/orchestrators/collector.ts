import type { OrchestrationContext } from "durable-functions";
import type { CollectorInput, PendingResult } from "../domain/activity-types";
import { INSPECT_PENDING, REQUEST_BATCH } from "../domain/function-names";
import { callActivity, waitSeconds, type Durable } from "./durable";

const ROUNDS_PER_EXECUTION = 50;
/** How often a collector looks whether a run that was asked for has taken its batch: soon at first, as a run with a free slot does at once. */
const FIRST_COVERED_SECONDS = 2;
const COVERED_SECONDS = 15;

/** Seconds until the batch is asked for: quiet since the newest drop, but no longer than the oldest may wait. */
export function secondsUntilRequest(pending: PendingResult, now: Date): number {
  const after = (seenAt: string | null, seconds: number): number =>
    seenAt === null ? 0 : Date.parse(seenAt) + seconds * 1000 - now.getTime();
  const quiet = after(pending.newestSeenAt, pending.quietPeriodSeconds);
  const longest = after(pending.oldestSeenAt, pending.maxWaitSeconds);
  return Math.max(0, Math.ceil(Math.min(quiet, longest) / 1000));
}

function coveredSeconds(looks: number): number {
  return Math.min(FIRST_COVERED_SECONDS * 2 ** looks, COVERED_SECONDS);
}

/** Seconds until a run is asked for, or until the next look when one is on its way. */
function waitForRun(pending: PendingResult, context: OrchestrationContext, looks: number): number {
  if (pending.covered) return coveredSeconds(looks);
  return pending.count === 0 ? 0 : secondsUntilRequest(pending, context.df.currentUtcDateTime);
}

/**
 * Gathers the drops of one pipeline: waits for quiet, makes one request, and looks again until nothing is pending, no blob is
 * unfinished and no failed batch is due.
 */
export function* collector(context: OrchestrationContext): Durable<void> {
  const input = context.df.getInput<CollectorInput>();
  let looks = 0;
  for (let round = 0; round < ROUNDS_PER_EXECUTION; round += 1) {
    const pending = yield* callActivity<PendingResult>(context, INSPECT_PENDING, input);
    const needsRun = pending.count > 0 || pending.retakeDue;
    if (!needsRun && pending.lookAgainSeconds === null) return;
    const seconds = needsRun ? waitForRun(pending, context, looks) : (pending.lookAgainSeconds ?? 0);
    if (needsRun && pending.covered) looks += 1;
    if (seconds > 0) {
      yield* waitSeconds(context, seconds);
      continue;
    }
    const alias = `drops|${context.df.currentUtcDateTime.toISOString()}`;
    yield* callActivity<unknown>(context, REQUEST_BATCH, { ...input, alias });
    looks = 0;
    yield* waitSeconds(context, coveredSeconds(looks++));
  }
  context.df.continueAsNew(input);
}
