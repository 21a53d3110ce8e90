import type { OrchestrationContext } from "durable-functions";
import type {
  AttemptOutcome,
  OpenedRun,
  ReleaseResult,
  RunAttempt,
  SettleResult,
  SlotResult,
} from "../domain/activity-types";
import { CLOSE_RUN, OPEN_RUN, PUBLISH_RUN, RELEASE_SLOT, SETTLE_RUN, TAKE_SLOT } from "../domain/function-names";
import { settleDelaySeconds, slotDelaySeconds } from "../domain/retry";
import { makeBatch } from "./batch";
import {
  callActivity,
  isSpent,
  newTurn,
  secondsAfter,
  secondsSince,
  waitSeconds,
  type Durable,
  type Turn,
} from "./durable";
import { RUN_TIMED_OUT, runSteps, type StepsProgress } from "./pipeline-steps";

/** Input of a pipeline run; at most one of the last three is there: what one execution hands to the next. */
export interface PipelineRunInput extends RunAttempt {
  /** Looks for the slot so far. */
  readonly slotLooks?: number;
  readonly steps?: StepsProgress;
  /** How the attempt ends, and since when its last Databricks runs are waited for. */
  readonly ending?: { readonly outcome: AttemptOutcome; readonly since: string };
}

/** What follows: the end of the attempt, a new execution with this input, or nothing, since the attempt is over already. */
type Next =
  | { readonly kind: "ended"; readonly outcome: AttemptOutcome }
  | { readonly kind: "later"; readonly input: PipelineRunInput }
  | { readonly kind: "closed" };

const ended = (outcome: AttemptOutcome): Next => ({ kind: "ended", outcome });
const CANCELLED = ended({
  state: "cancelled",
  error: { code: "CANCELLED", message: "cancelled on request", step: null },
});

const TIMED_OUT = ended({
  state: "failed",
  error: { code: RUN_TIMED_OUT.code, message: `${RUN_TIMED_OUT.message} while its drops were frozen`, step: null },
});

/** Waits for the slot; null with the slot in hand. */
function* waitForSlot(
  context: OrchestrationContext,
  turn: Turn,
  run: RunAttempt,
  before: number,
): Durable<Next | null> {
  for (let looks = before; ; looks += 1) {
    if (isSpent(turn)) return { kind: "later", input: { ...run, slotLooks: looks } };
    const place = yield* callActivity<SlotResult>(context, TAKE_SLOT, run);
    if (place.cancelRequested) return CANCELLED;
    if (place.granted) return null;
    context.df.setCustomStatus({ phase: "queued", position: place.position });
    yield* waitSeconds(context, slotDelaySeconds(looks));
  }
}

/** From the slot to the frozen batch. */
function* prepare(
  context: OrchestrationContext,
  turn: Turn,
  run: RunAttempt,
  slotLooks: number,
): Durable<Next | StepsProgress> {
  const opened = yield* callActivity<OpenedRun>(context, OPEN_RUN, run);
  if (opened.kind === "closed") return opened;
  const next = yield* waitForSlot(context, turn, run, slotLooks);
  if (next !== null) return next;
  const deadline = secondsAfter(context, opened.timeoutSeconds);
  if (!opened.frozen) {
    context.df.setCustomStatus({ phase: "freezing" });
    const batch = yield* makeBatch(context, run, opened.takesDrops, deadline);
    if (batch === "cancelled") return CANCELLED;
    if (batch === "runTimedOut") return TIMED_OUT;
    if (batch === "empty") return ended({ state: "nothing_to_do", error: null });
  }
  return { steps: opened.steps.filter((step) => !step.done), deadline, tries: 0, wait: null };
}

function* runAttempt(context: OrchestrationContext, turn: Turn, input: PipelineRunInput): Durable<Next> {
  const run: RunAttempt = { runId: input.runId, attempt: input.attempt };
  if (input.ending) return ended(input.ending.outcome);
  try {
    const prepared = input.steps ?? (yield* prepare(context, turn, run, input.slotLooks ?? 0));
    if ("kind" in prepared) return prepared;
    const result = yield* runSteps(context, turn, run, prepared);
    return result.kind === "ended" ? result : { kind: "later", input: { ...run, steps: result.progress } };
  } catch (error) {
    // Only a fault that outlived all repeats of an activity gets here; what runs on Databricks is ended all the same.
    const message = (error as Error).message.slice(0, 1000);
    return ended({ state: "failed", error: { code: "INTERNAL", message, step: null } });
  }
}

/**
 * Waits until no Databricks run of this run can be active, cancelling what is. False when a new execution has to go on with the
 * wait: what nobody can prove to have ended waits for a person, and keeps the slot.
 */
function* settle(context: OrchestrationContext, turn: Turn, run: RunAttempt, since: string): Durable<boolean> {
  while (!isSpent(turn)) {
    const { remaining } = yield* callActivity<SettleResult>(context, SETTLE_RUN, run);
    if (remaining === 0) return true;
    yield* waitSeconds(context, settleDelaySeconds(secondsSince(context, since)));
  }
  return false;
}

/** One attempt of one run: slot, batch, steps in order, close. Every decision is in the history; every fact is in the ledger. */
export function* pipelineRun(context: OrchestrationContext): Durable<string | undefined> {
  const input = context.df.getInput<PipelineRunInput>();
  const run: RunAttempt = { runId: input.runId, attempt: input.attempt };
  const turn = newTurn();
  const next = yield* runAttempt(context, turn, input);
  if (next.kind === "closed") return "closed";
  if (next.kind === "later") {
    context.df.continueAsNew(next.input);
    return undefined;
  }
  const { outcome } = next;
  const since = input.ending?.since ?? context.df.currentUtcDateTime.toISOString();
  context.df.setCustomStatus({ phase: "closing", state: outcome.state });
  if (!(yield* settle(context, turn, run, since))) {
    context.df.continueAsNew({ ...run, ending: { outcome, since } });
    return undefined;
  }
  yield* callActivity<null>(context, CLOSE_RUN, { ...run, ...outcome });
  yield* callActivity<null>(context, PUBLISH_RUN, run);
  yield* callActivity<ReleaseResult>(context, RELEASE_SLOT, run);
  return outcome.state;
}
