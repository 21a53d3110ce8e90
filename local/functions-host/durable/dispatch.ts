import type { TraceContext } from "../worker/core-types";
import { ActionType, atomsOf } from "./actions";
import type { Action } from "./actions";
import type { EpisodeContext } from "./episode";
import { EventType, newEvent } from "./events";
import type { HistoryEvent } from "./events";
import type { Command } from "./plan";
import { isFinished } from "./store";
import type { Instance } from "./store";

/** Stores the work that an episode asked for. Returns the history events that record it. Call it inside the episode's transaction. */
export function dispatch(
  context: EpisodeContext,
  instance: Instance,
  commands: readonly Command[],
  now: number,
  trace: TraceContext | undefined,
): HistoryEvent[] {
  const Timestamp = new Date(now).toISOString();
  return commands.flatMap((command) =>
    dispatchOne(context, instance, command, trace).map((event) => ({ ...event, Timestamp })),
  );
}

function dispatchOne(
  context: EpisodeContext,
  instance: Instance,
  command: Command,
  trace: TraceContext | undefined,
): HistoryEvent[] {
  const { store } = context;
  switch (command.kind) {
    case "activity":
      return [scheduleActivity(context, instance, command)];
    case "repeatFailure":
      store.send(instance.id, instance.executionId, {
        ...command.failure,
        TaskScheduledId: command.id,
        IsPlayed: false,
      });
      return [scheduled(command)];
    case "timer":
      store.db.run(
        "INSERT INTO timers (instance_id, execution_id, timer_id, fire_at) VALUES (?, ?, ?, ?)",
        instance.id,
        instance.executionId,
        command.id,
        Math.round(command.fireAt),
      );
      return [
        newEvent(EventType.TimerCreated, { EventId: command.id, FireAt: new Date(command.fireAt).toISOString() }),
      ];
    case "cancelTimer":
      store.db.run(
        "DELETE FROM timers WHERE instance_id = ? AND execution_id = ? AND timer_id = ?",
        instance.id,
        instance.executionId,
        command.id,
      );
      return [];
    case "subOrchestration":
      return [startChild(context, instance, command, trace)];
  }
}

type Call = { id: number; name: string; input: string };

function scheduled(command: Call): HistoryEvent {
  return newEvent(EventType.TaskScheduled, { EventId: command.id, Name: command.name, Input: `[${command.input}]` });
}

function scheduleActivity(context: EpisodeContext, instance: Instance, command: Call): HistoryEvent {
  if (context.exists("activity", command.name)) {
    context.store.db.run(
      "INSERT INTO activities (instance_id, execution_id, task_id, name, input) VALUES (?, ?, ?, ?, ?)",
      ...[instance.id, instance.executionId, command.id, command.name, command.input],
    );
    context.log.scheduled(instance.id, command.name, "Activity", instance.name);
  } else {
    const Reason = `The function '${command.name}' doesn't exist, is disabled, or is not an activity function.`;
    context.store.send(
      instance.id,
      instance.executionId,
      newEvent(EventType.TaskFailed, { TaskScheduledId: command.id, Reason, Details: "" }),
    );
  }
  return scheduled(command);
}

function startChild(
  context: EpisodeContext,
  instance: Instance,
  command: Extract<Command, { kind: "subOrchestration" }>,
  trace: TraceContext | undefined,
): HistoryEvent {
  const { store } = context;
  const id = command.instanceId ?? `${instance.executionId}:${String(command.id)}`;
  const existing = store.instance(id);
  const problem = !context.exists("orchestrator", command.name)
    ? `The function '${command.name}' doesn't exist, is disabled, or is not an orchestrator function.`
    : existing && !isFinished(existing)
      ? `An Orchestration instance with the status ${existing.status} already exists: ${id}`
      : undefined;
  if (problem === undefined) {
    const parent = { id: instance.id, executionId: instance.executionId, taskId: command.id };
    store.create({
      id,
      name: command.name,
      input: command.input,
      version: command.version ?? instance.version,
      parent,
      trace,
    });
    context.log.scheduled(id, command.name, "Orchestrator", instance.name);
  } else {
    const failure = { TaskScheduledId: command.id, Reason: problem, Details: "" };
    store.send(instance.id, instance.executionId, newEvent(EventType.SubOrchestrationInstanceFailed, failure));
  }
  return newEvent(EventType.SubOrchestrationInstanceCreated, {
    EventId: command.id,
    Name: command.name,
    InstanceId: id,
    Input: command.input,
  });
}

/** External events of an execution that no `waitForExternalEvent` took, in the order they came. They are handed to the next execution. */
export function carriedEvents(actions: readonly Action[], history: readonly HistoryEvent[]): HistoryEvent[] {
  const waits = new Map<string, number>();
  for (const action of atomsOf(actions)) {
    if (action.actionType !== ActionType.WaitForExternalEvent) continue;
    const name = action.externalEventName ?? "";
    waits.set(name, (waits.get(name) ?? 0) + 1);
  }
  return history.filter((event) => {
    if (event.EventType !== EventType.EventRaised) return false;
    const open = waits.get(event.Name ?? "") ?? 0;
    if (open > 0) waits.set(event.Name ?? "", open - 1);
    return open === 0;
  });
}
