import { ActionType, type Action } from "../../functions-host/durable/actions";
import { carriedEvents } from "../../functions-host/durable/dispatch";
import { EventType, type HistoryEvent } from "../../functions-host/durable/events";
import {
  applyActions,
  applyEvents,
  isDynamic,
  newPlan,
  OrchestrationFault,
  type Command,
} from "../../functions-host/durable/plan";
import { Orchestration, type EpisodeResult, type OrchestratorFunction } from "./orchestration";
import { isFinished, type Instance, type TaskHub } from "./task-hub";

/** What an episode finds in the app. */
export interface Registered {
  orchestrator(name: string): OrchestratorFunction | undefined;
  hasActivity(name: string): boolean;
}

/** An episode that was run and not yet stored. */
export interface Episode {
  readonly instance: Instance;
  readonly executionId: string;
  readonly batch: readonly HistoryEvent[];
  readonly history: readonly HistoryEvent[];
  readonly result: EpisodeResult;
}

/** As many queued events as one episode may take: an event that hands out ids by itself is never behind another one. */
function batchOf({ plan, inbox }: Instance): HistoryEvent[] {
  const end = inbox.findIndex((event, index) => index > 0 && isDynamic(plan, event));
  return inbox.slice(0, end < 0 ? inbox.length : end);
}

const continuation = ({ actions }: EpisodeResult): Action | undefined =>
  actions.find((action) => action.actionType === ActionType.ContinueAsNew);

/** Runs user code over the queued events; stores nothing. `kept` is the code as it stands after the last episode, if it is in memory. */
export function runEpisode(
  hub: TaskHub,
  app: Registered,
  instance: Instance,
  kept: Orchestration | undefined,
): [Episode, Orchestration | undefined] {
  const whole = batchOf(instance);
  const [first, code] = attempt(hub, app, instance, whole, kept);
  // Which event ended the execution matters when the rest is carried over: then go event by event.
  if (whole.length > 1 && first.result.kind === "done" && continuation(first.result))
    return attempt(hub, app, instance, whole.slice(0, 1), undefined);
  return [first, code];
}

function attempt(
  hub: TaskHub,
  app: Registered,
  instance: Instance,
  batch: readonly HistoryEvent[],
  kept: Orchestration | undefined,
): [Episode, Orchestration | undefined] {
  const { id, executionId, history, parent, input } = instance;
  const started = hub.event(EventType.OrchestratorStarted);
  const news = [started, ...batch];
  const fn = app.orchestrator(instance.name);
  const episode = (result: EpisodeResult): Episode => ({ instance, executionId, batch, history: news, result });
  if (!fn) {
    const error = `The function '${instance.name}' doesn't exist, is disabled, or is not an orchestrator function.`;
    return [episode({ kind: "failed", actions: [], output: undefined, error, customStatus: undefined }), undefined];
  }
  if (kept?.taken === history.length) return [episode(kept.resume(news, 0)), kept];
  const firstStart = (history[0] ?? started).Timestamp as unknown as Date;
  const code = new Orchestration(fn, id, parent?.id ?? null, input === null ? null : JSON.parse(input), firstStart);
  return [episode(code.resume([...history, ...news], history.length)), code];
}

/** Stores what an episode did, unless its instance changed meanwhile. Returns whether it did. */
export function commitEpisode(
  hub: TaskHub,
  app: Registered,
  { instance, executionId, batch, history, result }: Episode,
): boolean {
  if (hub.instances.get(instance.id) !== instance || instance.executionId !== executionId || isFinished(instance))
    return false;
  instance.inbox = instance.inbox.slice(batch.length);
  const now = (history[0] as { Timestamp: unknown }).Timestamp as Date;
  const planned = plan(instance, batch, result, now.getTime());
  instance.history.push(...history.map((event) => ({ ...event, IsPlayed: true })));
  const dispatched = planned.commands.flatMap((command) => dispatch(hub, app, instance, command));
  // Events that only record what was asked for resume no user code; the library skips them on replay.
  instance.history.push(...dispatched);
  instance.status = "Running";
  const next = planned.result.kind === "done" ? continuation(planned.result) : undefined;
  if (next) continueAsNew(hub, instance, next, carriedEvents(planned.result.actions, instance.history));
  else if (planned.result.kind === "done")
    hub.finish(instance, "Completed", JSON.stringify(planned.result.output ?? null));
  else if (planned.result.kind === "failed")
    hub.finish(instance, "Failed", `Orchestrator function '${instance.name}' failed: ${planned.result.error}`);
  return true;
}

function plan(
  instance: Instance,
  batch: readonly HistoryEvent[],
  result: EpisodeResult,
  now: number,
): { result: EpisodeResult; commands: Command[] } {
  const commands = applyEvents(instance.plan, batch, now);
  if (result.kind === "failed") return { result, commands: [] };
  try {
    return { result, commands: [...commands, ...applyActions(instance.plan, result.actions, now)] };
  } catch (error) {
    if (!(error instanceof OrchestrationFault)) throw error;
    return { result: { ...result, kind: "failed", error: error.message }, commands: [] };
  }
}

function dispatch(hub: TaskHub, app: Registered, instance: Instance, command: Command): HistoryEvent[] {
  const { id, executionId } = instance;
  switch (command.kind) {
    case "activity":
      if (app.hasActivity(command.name)) hub.addActivity(instance, command.id, command.name, command.input);
      else hub.send(id, executionId, missing(hub, command.id, command.name, "an activity"));
      return [
        hub.event(EventType.TaskScheduled, { EventId: command.id, Name: command.name, Input: `[${command.input}]` }),
      ];
    case "repeatFailure":
      hub.send(id, executionId, { ...command.failure, TaskScheduledId: command.id, IsPlayed: false });
      return [hub.event(EventType.TaskScheduled, { EventId: command.id, Name: command.name })];
    case "timer":
      hub.startTimer(instance, command.id, command.fireAt);
      return [
        hub.event(EventType.TimerCreated, { EventId: command.id, FireAt: new Date(command.fireAt).toISOString() }),
      ];
    case "cancelTimer":
      hub.cancelTimer(instance, command.id);
      return [];
    case "subOrchestration":
      return [startChild(hub, app, instance, command)];
  }
}

function missing(hub: TaskHub, TaskScheduledId: number, name: string, kind: string): HistoryEvent {
  const Reason = `The function '${name}' doesn't exist, is disabled, or is not ${kind} function.`;
  return hub.event(EventType.TaskFailed, { TaskScheduledId, Reason, Details: "" });
}

function startChild(
  hub: TaskHub,
  app: Registered,
  instance: Instance,
  { id: taskId, name, input, instanceId }: Extract<Command, { kind: "subOrchestration" }>,
): HistoryEvent {
  const id = instanceId ?? `${instance.executionId}:${taskId}`;
  const existing = hub.instances.get(id);
  const problem =
    app.orchestrator(name) === undefined
      ? `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function.`
      : existing && !isFinished(existing)
        ? `An Orchestration instance with the status ${existing.status} already exists: ${id}`
        : undefined;
  if (problem === undefined)
    hub.create({ id, name, input, parent: { id: instance.id, executionId: instance.executionId, taskId } });
  else {
    const failure = { TaskScheduledId: taskId, Reason: problem, Details: "" };
    hub.send(instance.id, instance.executionId, hub.event(EventType.SubOrchestrationInstanceFailed, failure));
  }
  return hub.event(EventType.SubOrchestrationInstanceCreated, {
    EventId: taskId,
    Name: name,
    InstanceId: id,
    Input: input,
  });
}

function continueAsNew(hub: TaskHub, instance: Instance, action: Action, carried: HistoryEvent[]): void {
  const waiting = instance.inbox.filter((event) => event.EventType === EventType.EventRaised);
  for (const timerId of [...instance.timers.keys()]) hub.cancelTimer(instance, timerId);
  const { input } = action;
  instance.input = typeof input === "string" ? input : input === undefined ? null : JSON.stringify(input);
  instance.executionId = hub.newExecutionId();
  Object.assign(instance, { plan: newPlan(), history: [], inbox: [] });
  const { id, name, executionId } = instance;
  hub.send(id, executionId, hub.event(EventType.ExecutionStarted, { Name: name, Input: instance.input }));
  for (const event of [...carried, ...waiting]) hub.send(id, null, { ...event, IsPlayed: false });
}
