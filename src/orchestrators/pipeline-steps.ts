import type { OrchestrationContext } from "durable-functions";
import type { AttemptOutcome, RunAttempt, StepOutcome, StepPlan } from "../domain/activity-types";
import { decideRetry } from "../domain/retry";
import { secondsSince, waitSeconds, type Durable, type Turn } from "./durable";
import { waitForStep, type StepProgress } from "./step-wait";

/** What is left to do with the slot in hand, and how far it has come; what one execution hands to the next. */
export interface StepsProgress {
  /** Steps that are not done, in order. */
  readonly steps: readonly StepPlan[];
  /** When the run's time is over, ISO 8601. */
  readonly deadline: string;
  /** Generations of the first step that this attempt has begun. */
  readonly tries: number;
  readonly wait: StepProgress | null;
}

/** The end of the attempt, or where the next execution goes on. */
export type StepsResult =
  | { readonly kind: "ended"; readonly outcome: AttemptOutcome }
  | { readonly kind: "later"; readonly progress: StepsProgress };

/** The run's own time is over: nothing more begins. */
export const RUN_TIMED_OUT = {
  kind: "failed",
  cause: "timedOut",
  code: "RUN_TIMED_OUT",
  message: "the run's time limit has passed",
} as const satisfies StepOutcome;

/** Runs the first step, generation by generation, until it ends for good. */
function* runStep(
  context: OrchestrationContext,
  turn: Turn,
  { runId, attempt }: RunAttempt,
  step: StepPlan,
  before: StepsProgress,
): Durable<StepOutcome | StepsProgress> {
  const { ordinal, timeoutSeconds } = step;
  const { deadline } = before;
  let { wait } = before;
  for (let tries = Math.max(1, before.tries); ; tries += 1) {
    if (wait === null && secondsSince(context, deadline) >= 0) return RUN_TIMED_OUT;
    const generation = step.firstGeneration + tries - 1;
    context.df.setCustomStatus({ phase: step.name, generation });
    const attempted = { runId, attempt, ordinal, generation, timeoutSeconds, deadline };
    const waited = yield* waitForStep(context, turn, attempted, wait);
    if (waited.kind === "later") return { ...before, tries, wait: waited.progress };
    if (waited.outcome.kind === "succeeded") return waited.outcome;
    const decision = decideRetry(waited.outcome.cause, tries, step.retry);
    if (decision.kind === "stop") return waited.outcome;
    // A cancel wakes this wait; the next start then sees its flag.
    yield* waitSeconds(context, Math.min(decision.delaySeconds, Math.max(0, -secondsSince(context, deadline))));
    wait = null;
  }
}

/** What a step's end means for the attempt; null when the next step follows. */
function endOf(step: StepPlan, outcome: StepOutcome): AttemptOutcome | null {
  if (outcome.kind === "failed") {
    const error = { code: outcome.code, message: outcome.message, step: step.name };
    return { state: outcome.cause === "cancelled" ? "cancelled" : "failed", error };
  }
  if (outcome.status !== "not_ready") return null;
  const message = outcome.reason ?? "a precondition is missing";
  return { state: "not_ready", error: { code: "NOT_READY", message, step: step.name } };
}

/**
 * Runs what is left of the steps, in order, until one does not succeed. The run itself waits for each, without an orchestration of
 * its own that could be lost while the run waits for it.
 */
export function* runSteps(
  context: OrchestrationContext,
  turn: Turn,
  run: RunAttempt,
  before: StepsProgress,
): Durable<StepsResult> {
  let progress = before;
  for (const [index, step] of before.steps.entries()) {
    const result = yield* runStep(context, turn, run, step, progress);
    if ("steps" in result) return { kind: "later", progress: result };
    const outcome = endOf(step, result);
    if (outcome !== null) return { kind: "ended", outcome };
    progress = { ...progress, steps: before.steps.slice(index + 1), tries: 0, wait: null };
  }
  return { kind: "ended", outcome: { state: "succeeded", error: null } };
}
