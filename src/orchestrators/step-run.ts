import type { OrchestrationContext } from "durable-functions";
import type { StepResult, StepAttempt, StepOutcome, Stopping } from "../domain/activity-types";
import { CANCEL_STEP, POLL_STEP, START_STEP } from "../domain/function-names";
import { pollDelaySeconds } from "../domain/retry";
import { callActivity, secondsSince, waitSeconds, type Durable } from "./durable";

/** Input of a step run; the second half is what one execution hands to the next. */
export interface StepRunInput extends StepAttempt {
  readonly timeoutSeconds: number;
  readonly progress?: StepProgress;
}

/** How far the wait has come. */
interface StepProgress {
  /** When this generation began, by the orchestration's clock. */
  readonly since: string;
  readonly started: boolean;
  readonly stopping: Stopping | null;
  readonly stoppingSince: string | null;
  readonly looks: number;
}

/** History stays short: a new execution after so many looks. */
export const LOOKS_PER_EXECUTION = 50;
/** A cancel that did nothing is asked for again. */
const LOOKS_PER_CANCEL = 10;
/** An unknown state is given up so long after the cancel. */
const UNKNOWN_GRACE_SECONDS = 900;

function* look(context: OrchestrationContext, input: StepRunInput, progress: StepProgress): Durable<StepResult> {
  const { runId, attempt, ordinal, generation } = input;
  const step: StepAttempt = { runId, attempt, ordinal, generation };
  if (!progress.started) return yield* callActivity<StepResult>(context, START_STEP, step);
  const { stopping, stoppingSince } = progress;
  const giveUpUnknown = stoppingSince !== null && secondsSince(context, stoppingSince) > UNKNOWN_GRACE_SECONDS;
  return yield* callActivity<StepResult>(context, POLL_STEP, { ...step, stopping, giveUpUnknown });
}

/** Decides whether the Databricks run has to end, and asks for it, now and then again. */
function* stop(
  context: OrchestrationContext,
  input: StepRunInput,
  progress: StepProgress,
  cancelRequested: boolean,
): Durable<StepProgress> {
  const late = secondsSince(context, progress.since) >= input.timeoutSeconds;
  const stopping = progress.stopping ?? (cancelRequested ? "cancelled" : late ? "timedOut" : null);
  if (stopping === null) return progress;
  const { runId, attempt, ordinal, generation } = input;
  if (progress.stopping === null || progress.looks % LOOKS_PER_CANCEL === 0) {
    yield* callActivity<null>(context, CANCEL_STEP, { runId, attempt, ordinal, generation });
  }
  return {
    ...progress,
    stopping,
    stoppingSince: progress.stoppingSince ?? context.df.currentUtcDateTime.toISOString(),
  };
}

/** A start that was not answered within the limit: whatever it left behind is ended by `settleRun`. */
function notStarted(fault: string): StepOutcome {
  return {
    kind: "failed",
    cause: "timedOut",
    code: "START_TIMED_OUT",
    message: `the job was not started within the step's time limit: ${fault}`,
  };
}

/**
 * Runs one generation of one step: starts it, waits for its end by timer and by event, and ends it on time-out or cancel. Ends
 * only when the Databricks run is terminal, or was never started.
 */
export function* stepRun(context: OrchestrationContext): Durable<StepOutcome | undefined> {
  const input = context.df.getInput<StepRunInput>();
  let progress: StepProgress = input.progress ?? {
    since: context.df.currentUtcDateTime.toISOString(),
    started: false,
    stopping: null,
    stoppingSince: null,
    looks: 0,
  };
  for (let looks = 0; looks < LOOKS_PER_EXECUTION; looks += 1) {
    const answer = yield* look(context, input, progress);
    if (answer.kind === "ended") return answer.outcome;
    const started = progress.started || answer.kind === "running";
    progress = { ...progress, started, looks: progress.looks + 1 };
    if (started) progress = yield* stop(context, input, progress, answer.cancelRequested);
    else if (answer.kind === "wait" && secondsSince(context, progress.since) >= input.timeoutSeconds)
      return notStarted(answer.fault);
    const delay = pollDelaySeconds(secondsSince(context, progress.stoppingSince ?? progress.since));
    yield* waitSeconds(context, answer.kind === "wait" ? Math.max(delay, answer.seconds) : delay);
  }
  context.df.continueAsNew({ ...input, progress });
  return undefined;
}
