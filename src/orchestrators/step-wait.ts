import type { OrchestrationContext } from "durable-functions";
import type { StepResult, StepAttempt, StepOutcome, Stopping } from "../domain/activity-types";
import { CANCEL_STEP, POLL_STEP, START_STEP } from "../domain/function-names";
import { pollDelaySeconds } from "../domain/retry";
import { callActivity, isSpent, secondsSince, waitSeconds, type Durable, type Turn } from "./durable";

/** A generation to wait for. */
export interface StepWait extends StepAttempt {
  readonly timeoutSeconds: number;
  /** When the run's own time is over, ISO 8601. */
  readonly deadline: string;
}

/** How far the wait has come; what one execution hands to the next. */
export interface StepProgress {
  /** When this generation began, by the orchestration's clock. */
  readonly since: string;
  readonly started: boolean;
  readonly stopping: Stopping | null;
  readonly stoppingSince: string | null;
  readonly looks: number;
}

/** The end of the wait, or where the next execution goes on with it. */
export type Waited =
  | { readonly kind: "ended"; readonly outcome: StepOutcome }
  | { readonly kind: "later"; readonly progress: StepProgress };

/** A cancel that did nothing is asked for again. */
const LOOKS_PER_CANCEL = 10;
/** A run that does not end within this time of its cancel is left to `settleRun`, which waits for a proof or a person. */
export const STOP_GRACE_SECONDS = 900;

const attemptOf = ({ runId, attempt, ordinal, generation }: StepWait): StepAttempt => ({
  runId,
  attempt,
  ordinal,
  generation,
});

function* look(context: OrchestrationContext, wait: StepWait, progress: StepProgress): Durable<StepResult> {
  const step = attemptOf(wait);
  if (!progress.started) return yield* callActivity<StepResult>(context, START_STEP, step);
  return yield* callActivity<StepResult>(context, POLL_STEP, { ...step, stopping: progress.stopping });
}

/** Which time limit has passed, if any. */
function passedLimit(context: OrchestrationContext, wait: StepWait, { since }: StepProgress): Stopping | null {
  if (secondsSince(context, wait.deadline) >= 0) return "runTimedOut";
  return secondsSince(context, since) >= wait.timeoutSeconds ? "timedOut" : null;
}

/** Decides whether the Databricks run has to end, and asks for it, now and then again. */
function* stop(
  context: OrchestrationContext,
  wait: StepWait,
  progress: StepProgress,
  cancelRequested: boolean,
): Durable<StepProgress> {
  const stopping = progress.stopping ?? (cancelRequested ? "cancelled" : passedLimit(context, wait, progress));
  if (stopping === null) return progress;
  if (progress.stopping === null || progress.looks % LOOKS_PER_CANCEL === 0)
    yield* callActivity<null>(context, CANCEL_STEP, attemptOf(wait));
  const stoppingSince = progress.stoppingSince ?? context.df.currentUtcDateTime.toISOString();
  return { ...progress, stopping, stoppingSince };
}

/** A start that was not answered within the limit: whatever it left behind is ended by `settleRun`. */
function notStarted(fault: string): StepOutcome {
  const message = `the job was not started within the time limit: ${fault}`;
  return { kind: "failed", cause: "timedOut", code: "START_TIMED_OUT", message };
}

/** A run that does not end: the step is over, and the slot is kept by `settleRun` until the end is proven. */
function notEnded(stopping: Stopping, fault: string | null): StepOutcome {
  const cause = stopping === "cancelled" ? "cancelled" : "timedOut";
  const why = fault === null ? "" : `: ${fault}`;
  const message = `the Databricks run did not end within ${STOP_GRACE_SECONDS} s of its cancel${why}`;
  return { kind: "failed", cause, code: "NOT_ENDED", message };
}

/**
 * Runs one generation of one step: starts it, waits for its end by timer and by event, and ends it on time-out or cancel. Ends
 * with the Databricks run, or some time after a cancel that did nothing.
 */
export function* waitForStep(
  context: OrchestrationContext,
  turn: Turn,
  wait: StepWait,
  before: StepProgress | null,
): Durable<Waited> {
  const since = context.df.currentUtcDateTime.toISOString();
  let progress = before ?? { since, started: false, stopping: null, stoppingSince: null, looks: 0 };
  while (!isSpent(turn)) {
    const seen = yield* look(context, wait, progress);
    if (seen.kind === "ended") return seen;
    const fault = seen.kind === "wait" ? seen.fault : null;
    const started = progress.started || seen.kind === "running";
    progress = { ...progress, started, looks: progress.looks + 1 };
    if (started) progress = yield* stop(context, wait, progress, seen.cancelRequested);
    else if (fault !== null && passedLimit(context, wait, progress) !== null)
      return { kind: "ended", outcome: notStarted(fault) };
    const { stopping, stoppingSince } = progress;
    const stoppedFor = stoppingSince === null ? 0 : secondsSince(context, stoppingSince);
    if (stopping !== null && stoppedFor > STOP_GRACE_SECONDS)
      return { kind: "ended", outcome: notEnded(stopping, fault) };
    const delay = pollDelaySeconds(stoppingSince === null ? secondsSince(context, progress.since) : stoppedFor);
    yield* waitSeconds(context, seen.kind === "wait" ? Math.max(delay, seen.seconds) : delay);
  }
  return { kind: "later", progress };
}
