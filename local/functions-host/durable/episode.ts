import type { RegisteredFunction, TraceContext } from "../worker/core-types";
import type { Invoker } from "../worker/invoker";
import { ActionType, atomsOf } from "./actions";
import type { Action } from "./actions";
import { carriedEvents, dispatch } from "./dispatch";
import type { DurableLog } from "./durable-log";
import { EventType, newEvent } from "./events";
import type { HistoryEvent } from "./events";
import { OrchestrationFault, applyActions, applyEvents, isDynamic, newPlan } from "./plan";
import type { Command } from "./plan";
import { replay } from "./replay";
import type { Replay } from "./replay";
import { isFinished, startTrace, startedEvent } from "./store";
import type { DurableStore, Instance } from "./store";
import { versionMismatch } from "./version";
import type { VersionRules } from "./version";

const MAX_CUSTOM_STATUS_BYTES = 16 * 1024;

/** What an episode needs from the host. */
export interface EpisodeContext {
  readonly store: DurableStore;
  readonly invoker: Invoker;
  readonly log: DurableLog;
  readonly versions: VersionRules;
  /** The orchestrator function of that name, or undefined when the app has none. */
  orchestrator(name: string): RegisteredFunction | undefined;
  /** Whether the app has an enabled activity (or orchestrator) function of that name. */
  exists(kind: "activity" | "orchestrator", name: string): boolean;
}

interface Queued {
  seq: number;
  event: HistoryEvent;
}

/**
 * Runs one episode of an instance: takes queued events, replays the orchestrator, and stores history, new work and status in one transaction.
 * An episode whose instance changed meanwhile (terminated, purged, replaced) is thrown away. Call it for one instance at a time.
 */
export async function runEpisode(context: EpisodeContext, instanceId: string): Promise<void> {
  const { store } = context;
  const instance = store.instance(instanceId);
  if (!instance) return;
  const queued = store.inbox(instance);
  if (isFinished(instance)) {
    store.db.run("DELETE FROM inbox WHERE instance_id = ?", instanceId);
    return;
  }
  if (queued.length === 0) return;
  const first = await attempt(context, instance, batchOf(instance, queued));
  // Which event ended the execution matters when the rest is carried over: then go event by event.
  const { result, batch, now, past } =
    first.batch.length > 1 && first.result.kind === "done" && continuation(first.result)
      ? await attempt(context, instance, queued.slice(0, 1))
      : first;
  store.db.tx(() => {
    const current = store.instance(instanceId);
    if (current?.executionId !== instance.executionId || isFinished(current)) return;
    instance.suspended = current.suspended;
    for (const { seq } of batch) store.db.run("DELETE FROM inbox WHERE seq = ?", seq);
    commit(context, instance, past, batch, result, now);
  });
}

async function attempt(
  context: EpisodeContext,
  instance: Instance,
  batch: Queued[],
): Promise<{ result: Replay; batch: Queued[]; now: number; past: HistoryEvent[] }> {
  const past = context.store.history(instance);
  const last = past.at(-1);
  const now = Math.max(Date.now(), last ? Date.parse(last.Timestamp) : 0);
  const fn = context.orchestrator(instance.name);
  const mismatch = versionMismatch(context.versions, instance.version);
  const started = newEvent(EventType.OrchestratorStarted, { Timestamp: new Date(now).toISOString() });
  const history = [...past, started, ...batch.map(({ event }) => event)];
  const refusal =
    mismatch ?? `The function '${instance.name}' doesn't exist, is disabled, or is not an orchestrator function.`;
  if (past.length === 0) context.log.started(instance.id, instance.name, "Orchestrator", instance.input);
  else context.log.replayed(instance.id, instance.name, instance.input);
  const result: Replay =
    fn && mismatch === undefined
      ? await replay(context.invoker, fn, instance, history)
      : { kind: "failed", error: refusal, details: refusal, actions: [], customStatus: undefined };
  return { result, batch, now, past };
}

/** As many queued events as one episode may take: an event that hands out ids by itself is never behind another one. */
function batchOf(instance: Instance, queued: readonly Queued[]): Queued[] {
  const end = queued.findIndex(({ event }, index) => index > 0 && isDynamic(instance.plan, event));
  return queued.slice(0, end < 0 ? queued.length : end);
}

function continuation(result: Replay): Action | undefined {
  return result.actions.find((action) => action.actionType === ActionType.ContinueAsNew);
}

function commit(
  context: EpisodeContext,
  instance: Instance,
  past: HistoryEvent[],
  batch: Queued[],
  replayed: Replay,
  now: number,
): void {
  const timestamp = new Date(now).toISOString();
  const events = batch.map(({ event }) => ({ ...event, Timestamp: timestamp }));
  const known = instance.plan.signatures.length;
  const { result, commands } = planned(instance, events, checkStatus(replayed), now);
  instance.customStatus = result.customStatus === undefined ? null : JSON.stringify(result.customStatus);
  const trace = startTrace([...past, ...events]);
  const dispatched = dispatch(context, instance, commands, now, trace);
  logWaits(context, instance, events, atomsOf(result.actions).slice(known));
  const stamp = (type: number): HistoryEvent => newEvent(type, { Timestamp: timestamp });
  context.store.appendHistory(instance, [
    stamp(EventType.OrchestratorStarted),
    ...events,
    ...dispatched,
    stamp(EventType.OrchestratorCompleted),
  ]);
  instance.status = "Running";
  const next = result.kind === "done" ? continuation(result) : undefined;
  if (next) continueAsNew(context, instance, next, carriedEvents(result.actions, [...past, ...events]), trace);
  else if (result.kind !== "running") finish(context, instance, result);
  else context.log.awaited(instance.id, instance.name);
  context.store.save(instance);
}

function planned(
  instance: Instance,
  events: HistoryEvent[],
  result: Replay,
  now: number,
): { result: Replay; commands: Command[] } {
  const commands = applyEvents(instance.plan, events, now);
  if (result.kind === "failed") return { result, commands: [] };
  try {
    return { result, commands: [...commands, ...applyActions(instance.plan, result.actions, now)] };
  } catch (error) {
    if (!(error instanceof OrchestrationFault)) throw error;
    return { result: { ...result, kind: "failed", error: error.message, details: error.message }, commands: [] };
  }
}

function checkStatus(result: Replay): Replay {
  const bytes =
    result.customStatus === undefined ? 0 : Buffer.byteLength(JSON.stringify(result.customStatus), "utf16le");
  if (bytes <= MAX_CUSTOM_STATUS_BYTES) return result;
  const error = `The UTF-16 size of the JSON-serialized custom status must not exceed 16 KB; it is ${String(bytes)} bytes.`;
  return { ...result, customStatus: undefined, kind: "failed", error, details: error };
}

function logWaits(
  context: EpisodeContext,
  instance: Instance,
  events: readonly HistoryEvent[],
  actions: Action[],
): void {
  for (const event of events)
    if (event.EventType === EventType.TimerFired)
      context.log.timerExpired(instance.id, instance.name, event.FireAt ?? event.Timestamp);
  for (const action of actions)
    if (action.actionType === ActionType.WaitForExternalEvent)
      context.log.listening(instance.id, instance.name, action.externalEventName ?? "");
}

function continueAsNew(
  context: EpisodeContext,
  instance: Instance,
  action: Action,
  carried: HistoryEvent[],
  trace: TraceContext | undefined,
): void {
  const { store } = context;
  context.log.completed(instance.id, instance.name, "Orchestrator", null, true);
  const waiting = store.inbox(instance).filter(({ event }) => event.EventType === EventType.EventRaised);
  store.db.run("DELETE FROM inbox WHERE instance_id = ?", instance.id);
  store.db.run("DELETE FROM timers WHERE instance_id = ?", instance.id);
  store.db.run("DELETE FROM history WHERE instance_id = ?", instance.id);
  // The library has already turned strings into JSON.
  instance.input =
    typeof action.input === "string" ? action.input : action.input === undefined ? null : JSON.stringify(action.input);
  instance.executionId = crypto.randomUUID().replaceAll("-", "");
  instance.plan = newPlan();
  store.send(
    instance.id,
    instance.executionId,
    startedEvent({ id: instance.id, name: instance.name, input: instance.input, version: instance.version, trace }),
  );
  for (const event of [...carried, ...waiting.map((item) => item.event)]) store.send(instance.id, null, event);
}

function finish(context: EpisodeContext, instance: Instance, result: Replay): void {
  const { store } = context;
  const failed = result.kind === "failed";
  instance.status = failed ? "Failed" : "Completed";
  instance.suspended = false;
  instance.output = failed
    ? `Orchestrator function '${instance.name}' failed: ${result.error}`
    : JSON.stringify(result.output ?? null);
  const last = failed
    ? newEvent(EventType.ExecutionCompleted, {
        OrchestrationStatus: "Failed",
        Result: instance.output,
        Details: result.details,
      })
    : newEvent(EventType.ExecutionCompleted, { OrchestrationStatus: "Completed", Result: instance.output });
  store.appendHistory(instance, [last]);
  store.db.run("DELETE FROM timers WHERE instance_id = ?", instance.id);
  store.db.run("DELETE FROM inbox WHERE instance_id = ?", instance.id);
  store.notifyParent(instance, failed ? result.details : "", failed ? result.failureDetails : undefined);
  if (failed) context.log.failed(instance.id, instance.name, "Orchestrator", result.error);
  else context.log.completed(instance.id, instance.name, "Orchestrator", instance.output);
}
