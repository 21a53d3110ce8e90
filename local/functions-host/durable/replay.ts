import { messageOf } from "../log";
import type { RegisteredFunction } from "../worker/core-types";
import type { Invoker } from "../worker/invoker";
import type { Action, OrchestratorState } from "./actions";
import type { FailureDetails, HistoryEvent } from "./events";
import { DEFAULT_HTTP_SLEEP_MS } from "./plan";
import { startTrace } from "./store";
import type { Instance } from "./store";

/** Outcome of running the orchestrator function over a history. */
export type Replay =
  | { kind: "running" | "done"; actions: Action[]; output: unknown; customStatus: unknown }
  | {
      kind: "failed";
      error: string;
      details: string;
      failureDetails?: FailureDetails;
      actions: Action[];
      customStatus: unknown;
    };

const MARKER = "\n\n$OutOfProcData$:";
const SCHEMA_V2 = 1;
const SCHEMA_V4 = 3;

/** Runs the app's orchestrator function over the whole history, as the Durable extension would. */
export async function replay(
  invoker: Invoker,
  fn: RegisteredFunction,
  instance: Instance,
  history: readonly HistoryEvent[],
): Promise<Replay> {
  const payload = {
    history,
    input: instance.input === null ? null : (JSON.parse(instance.input) as unknown),
    instanceId: instance.id,
    isReplaying: history.some((event) => event.IsPlayed),
    parentInstanceId: instance.parent?.id ?? null,
    upperSchemaVersion: SCHEMA_V2,
    upperSchemaVersionNew: SCHEMA_V4,
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "6.00:00:00",
    defaultHttpAsyncRequestSleepTimeMillseconds: DEFAULT_HTTP_SLEEP_MS,
  };
  try {
    const trigger = { string: JSON.stringify(payload) };
    const { value } = await invoker.invoke(fn, { trigger, reason: "(null)", quiet: true, trace: startTrace(history) });
    return fromState(value as OrchestratorState);
  } catch (error) {
    return fromError(error);
  }
}

function fromState(state: OrchestratorState): Replay {
  const actions = state.actions[0] ?? [];
  return { kind: state.isDone ? "done" : "running", actions, output: state.output, customStatus: state.customStatus };
}

function fromError(error: unknown): Replay {
  const message = messageOf(error);
  const at = message.indexOf(MARKER);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  if (at < 0)
    return { kind: "failed", error: message, details: describe(message, stack), actions: [], customStatus: undefined };
  const state = JSON.parse(message.slice(at + MARKER.length)) as OrchestratorState;
  const text = state.error ?? "the orchestrator threw something that is not an Error with a message";
  return {
    kind: "failed",
    error: text,
    details: describe(text, stack),
    actions: state.actions[0] ?? [],
    customStatus: state.customStatus,
    ...(state.failureDetails ? { failureDetails: state.failureDetails as FailureDetails } : {}),
  };
}

function describe(message: string, stack: string): string {
  return `Message: ${message}, StackTrace: ${stack}`;
}
