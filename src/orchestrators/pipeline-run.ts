import type { OrchestrationContext } from "durable-functions";
import type {
  CloseInput,
  OpenedRun,
  ReleaseResult,
  RunAttempt,
  SettleResult,
  SlotResult,
  StepOutcome,
  StepPlan,
} from "../domain/activity-types";
import {
  CLOSE_RUN,
  OPEN_RUN,
  PUBLISH_RUN,
  RELEASE_SLOT,
  SETTLE_RUN,
  STEP_RUN,
  TAKE_SLOT,
} from "../domain/function-names";
import { childInstanceId } from "../domain/ids";
import { decideRetry, pollDelaySeconds, slotDelaySeconds } from "../domain/retry";
import { makeBatch } from "./batch";
import { callActivity, secondsSince, waitSeconds, type Durable } from "./durable";

/** How an attempt ends. */
type AttemptOutcome = Pick<CloseInput, "state" | "error">;

const CANCELLED: AttemptOutcome = {
  state: "cancelled",
  error: { code: "CANCELLED", message: "cancelled on request", step: null },
};

function* waitForSlot(context: OrchestrationContext, run: RunAttempt): Durable<boolean> {
  for (let looks = 0; ; looks += 1) {
    const answer = yield* callActivity<SlotResult>(context, TAKE_SLOT, run);
    if (answer.cancelRequested) return false;
    if (answer.granted) return true;
    context.df.setCustomStatus({ phase: "queued", position: answer.position });
    yield* waitSeconds(context, slotDelaySeconds(looks));
  }
}

/** Runs a step, generation by generation, until it ends for good. */
function* runStep(context: OrchestrationContext, run: RunAttempt, step: StepPlan): Durable<StepOutcome> {
  for (let tries = 1; ; tries += 1) {
    const { ordinal, timeoutSeconds } = step;
    const generation = step.firstGeneration + tries - 1;
    context.df.setCustomStatus({ phase: step.name, generation });
    const id = childInstanceId(context.df.instanceId, ordinal, generation);
    const outcome = (yield context.df.callSubOrchestrator(
      STEP_RUN,
      { ...run, ordinal, generation, timeoutSeconds },
      id,
    )) as StepOutcome;
    if (outcome.kind === "succeeded") return outcome;
    const decision = decideRetry(outcome.cause, tries, step.retry);
    if (decision.kind === "stop") return outcome;
    // A cancel wakes this wait; the next start then sees its flag.
    yield* waitSeconds(context, decision.delaySeconds);
  }
}

function* runSteps(
  context: OrchestrationContext,
  run: RunAttempt,
  steps: readonly StepPlan[],
): Durable<AttemptOutcome> {
  for (const step of steps.filter((plan) => !plan.done)) {
    const outcome = yield* runStep(context, run, step);
    if (outcome.kind === "failed") {
      const error = { code: outcome.code, message: outcome.message, step: step.name };
      return outcome.cause === "cancelled" ? { state: "cancelled", error } : { state: "failed", error };
    }
    if (outcome.status === "not_ready") {
      return {
        state: "not_ready",
        error: { code: "NOT_READY", message: outcome.reason ?? "a precondition is missing", step: step.name },
      };
    }
  }
  return { state: "succeeded", error: null };
}

function* runOpened(
  context: OrchestrationContext,
  run: RunAttempt,
  opened: OpenedRun & { kind: "open" },
): Durable<AttemptOutcome> {
  if (!(yield* waitForSlot(context, run))) return CANCELLED;
  if (!opened.frozen) {
    context.df.setCustomStatus({ phase: "freezing" });
    const batch = yield* makeBatch(context, run, opened.takesDrops);
    if (batch === "cancelled") return CANCELLED;
    if (batch === "empty") return { state: "nothing_to_do", error: null };
  }
  return yield* runSteps(context, run, opened.steps);
}

/** Waits until no Databricks run of this run is active, cancelling what is; then hands the slot on. */
function* settle(context: OrchestrationContext, run: RunAttempt): Durable<void> {
  const since = context.df.currentUtcDateTime.toISOString();
  for (;;) {
    const { remaining } = yield* callActivity<SettleResult>(context, SETTLE_RUN, run);
    if (remaining === 0) return;
    yield* waitSeconds(context, pollDelaySeconds(secondsSince(context, since)));
  }
}

/** One attempt of one run: slot, batch, steps in order, close. Every decision is in the history; every fact is in the ledger. */
export function* pipelineRun(context: OrchestrationContext): Durable<string> {
  const { runId, attempt } = context.df.getInput<RunAttempt>();
  const run: RunAttempt = { runId, attempt };
  const opened = yield* callActivity<OpenedRun>(context, OPEN_RUN, run);
  if (opened.kind === "closed") return "closed";
  let ending: AttemptOutcome;
  try {
    ending = yield* runOpened(context, run, opened);
  } catch (error) {
    // Only a fault that outlived all repeats of an activity gets here; what runs on Databricks is ended below all the same.
    ending = {
      state: "failed",
      error: { code: "INTERNAL", message: (error as Error).message.slice(0, 1000), step: null },
    };
  }
  context.df.setCustomStatus({ phase: "closing", state: ending.state });
  yield* settle(context, run);
  yield* callActivity<null>(context, CLOSE_RUN, { ...run, ...ending });
  yield* callActivity<null>(context, PUBLISH_RUN, run);
  yield* callActivity<ReleaseResult>(context, RELEASE_SLOT, run);
  return ending.state;
}
