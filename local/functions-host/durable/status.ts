import { shownStatus } from "./client";
import { EventType, completedTaskId, eventTypeName } from "./events";
import type { HistoryEvent } from "./events";
import type { Instance } from "./store";

/** What a status query asks for. */
export interface StatusOptions {
  readonly showInput: boolean;
  /** The history, when it was asked for. */
  readonly history?: readonly HistoryEvent[];
  readonly showHistoryOutput?: boolean;
}

/** The status body of the management API. */
export function statusBody(instance: Instance, options: StatusOptions): Record<string, unknown> {
  return {
    name: instance.name,
    instanceId: instance.id,
    runtimeStatus: shownStatus(instance),
    input: options.showInput ? jsonOrText(instance.input) : null,
    customStatus: jsonOrText(instance.customStatus),
    output: jsonOrText(instance.output),
    createdTime: seconds(instance.createdAt),
    lastUpdatedTime: seconds(instance.updatedAt),
    ...(options.history
      ? { historyEvents: shownHistory(options.history, options.showInput, options.showHistoryOutput ?? false) }
      : {}),
  };
}

/** Failure texts and terminate reasons are no JSON and are shown as they are. */
export function jsonOrText(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function seconds(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/** Scheduling events are folded into their completions, and the framework's own events left out. */
function shownHistory(
  history: readonly HistoryEvent[],
  showInput: boolean,
  showOutput: boolean,
): Record<string, unknown>[] {
  const HIDDEN: readonly number[] = [
    EventType.OrchestratorStarted,
    EventType.OrchestratorCompleted,
    EventType.GenericEvent,
  ];
  const isSchedule = (event: HistoryEvent): boolean =>
    event.EventType === EventType.TaskScheduled || event.EventType === EventType.SubOrchestrationInstanceCreated;
  const scheduled = new Map(history.filter(isSchedule).map((event) => [event.EventId, event]));
  const done = new Set(history.map(completedTaskId));
  return history
    .filter((event) => !HIDDEN.includes(event.EventType) && !(isSchedule(event) && done.has(event.EventId)))
    .map((event) => {
      const schedule =
        event.EventType === EventType.TimerFired ? undefined : scheduled.get(completedTaskId(event) ?? -1);
      const name =
        schedule?.Name ??
        (event.EventType === EventType.ExecutionStarted || isSchedule(event) ? event.Name : undefined);
      return {
        EventType: eventTypeName(event.EventType),
        Timestamp: event.Timestamp,
        ...(name === undefined ? { Name: event.Name } : { FunctionName: name }),
        ...(schedule ? { ScheduledTime: schedule.Timestamp } : {}),
        ...(showInput ? { Input: jsonOrText(schedule?.Input ?? event.Input ?? null) } : {}),
        ...(showOutput && event.Result !== undefined ? { Result: jsonOrText(event.Result) } : {}),
        FireAt: event.FireAt,
        Reason: event.Reason,
        Details: event.Details,
        OrchestrationStatus: event.OrchestrationStatus,
      };
    });
}
