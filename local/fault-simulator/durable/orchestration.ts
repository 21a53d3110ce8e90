import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { OrchestrationContext } from "durable-functions";
import type { Action } from "../../functions-host/durable/actions";
import { EventType, type HistoryEvent } from "../../functions-host/durable/events";
import { LONG_TIMER_INTERVAL_MS, MAXIMUM_SHORT_TIMER_MS } from "../../functions-host/durable/plan";

/** An orchestrator function as the app wrote it. */
export type OrchestratorFunction = (context: OrchestrationContext) => Generator;

/** The inner parts of the pinned `durable-functions` that run user code over a history. */
interface Executor {
  schemaVersion: number;
  context: unknown;
  generator: unknown;
  _isReplaying: boolean;
  readonly actions: Action[];
  readonly output: unknown;
  readonly exception: Error | undefined;
  processEvent(event: HistoryEvent): void;
  isDoneExecuting(): boolean;
  hasCompletedSuccessfully(): boolean;
}
type ContextBegin = [unknown[], string, Date, boolean, string | null];
type ContextArguments = [...ContextBegin, undefined, undefined, number, number, unknown, Executor];
interface DurableContext {
  longRunningTimerIntervalDuration: unknown;
  maximumShortTimerDuration: unknown;
  customStatus: unknown;
}

const load = createRequire(__filename);
const library = dirname(load.resolve("durable-functions"));
const inner = <T>(path: string): T => load(join(library, path)) as T;
const { TaskOrchestrationExecutor } = inner<{ TaskOrchestrationExecutor: new () => Executor }>(
  "orchestrations/TaskOrchestrationExecutor",
);
const { DurableOrchestrationContext } = inner<{
  DurableOrchestrationContext: new (...parts: ContextArguments) => DurableContext;
}>("orchestrations/DurableOrchestrationContext");

const SCHEMA_V4 = 3;
const HTTP_SLEEP_MS = 30_000;
/** What the library wants of a duration; parsing one anew for every replay took most of its time. */
const duration = (ms: number) => ({ valueOf: () => ms, toISOString: () => `PT${ms / 1000}S` });

/** What came of an episode. */
export interface EpisodeResult {
  readonly kind: "running" | "done" | "failed";
  readonly actions: readonly Action[];
  readonly output: unknown;
  readonly error: string;
  readonly customStatus: unknown;
}

/**
 * User code of one execution, run by the real library. It is kept between episodes, as in a host with extended sessions; a new one over
 * the whole history is a replay.
 */
export class Orchestration {
  private readonly executor = new TaskOrchestrationExecutor();
  private readonly context: DurableContext;
  /** Events of the history that it has taken in. */
  taken = 0;

  constructor(fn: OrchestratorFunction, id: string, parentId: string | null, input: unknown, startedAt: Date) {
    const begin = [[], id, startedAt, false, parentId] as const;
    const settings = [undefined, undefined, HTTP_SLEEP_MS, SCHEMA_V4, input, this.executor] as const;
    const parts: ContextArguments = [...(begin as unknown as ContextBegin), ...settings];
    this.context = new DurableOrchestrationContext(...parts);
    this.context.longRunningTimerIntervalDuration = duration(LONG_TIMER_INTERVAL_MS);
    this.context.maximumShortTimerDuration = duration(MAXIMUM_SHORT_TIMER_MS);
    this.executor.schemaVersion = SCHEMA_V4;
    this.executor.context = this.context;
    this.executor.generator = fn({ df: this.context, log: () => undefined } as unknown as OrchestrationContext);
  }

  /** Takes in the events behind those it has; `replayed` of them were played before. */
  resume(events: readonly HistoryEvent[], replayed: number): EpisodeResult {
    const { executor } = this;
    for (const [index, event] of events.entries()) {
      if (executor.isDoneExecuting()) break;
      executor._isReplaying = index < replayed;
      executor.processEvent(event);
    }
    this.taken += events.length;
    const done = executor.hasCompletedSuccessfully();
    return {
      kind: executor.exception !== undefined ? "failed" : done ? "done" : "running",
      actions: executor.actions,
      output: executor.output,
      error: executor.exception?.message ?? "",
      customStatus: this.context.customStatus,
    };
  }
}

/** An event of the history, with the virtual time as a date, which is what the library makes of the text. */
export function historyEvent(type: number, at: number, fields: Partial<HistoryEvent> = {}): HistoryEvent {
  return { EventType: type, EventId: -1, IsPlayed: false, Timestamp: new Date(at) as unknown as string, ...fields };
}

/** True for an event that resumes user code at once. */
export const isStart = (event: HistoryEvent): boolean => event.EventType === EventType.OrchestratorStarted;
