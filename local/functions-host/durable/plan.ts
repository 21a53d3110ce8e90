import { ActionType, atomsOf, signatureOf } from "./actions";
import type { Action, DurableHttpRequest, RetryOptions } from "./actions";
import { EventType, completedTaskId, isFailure } from "./events";
import type { HistoryEvent } from "./events";

/** Timers longer than this are split; host and library must agree. */
export const MAXIMUM_SHORT_TIMER_MS = 6 * 86_400_000;
/** Length of the pieces of a long timer. */
export const LONG_TIMER_INTERVAL_MS = 3 * 86_400_000;
const MAX_RETRY_INTERVAL_MS = 6 * 86_400_000;

/** What the host must do for a task id that was handed out. */
export type Command =
  | { kind: "activity"; id: number; name: string; input: string }
  | { kind: "timer"; id: number; fireAt: number }
  | { kind: "subOrchestration"; id: number; name: string; instanceId?: string; input: string; version?: string }
  | { kind: "repeatFailure"; id: number; name: string; input: string; failure: HistoryEvent }
  | { kind: "cancelTimer"; id: number };

interface RetryTask {
  kind: "retry";
  /** The action's input as the activity (or child) gets it. */
  call: { sub: boolean; name: string; input: string; instanceId?: string; version?: string };
  options: RetryOptions;
  attempt: number;
  startedAt: number;
  failure?: HistoryEvent;
}
interface LongTimer {
  kind: "longTimer";
  ordinal: number;
  fireAt: number;
}
interface HttpTask {
  kind: "http";
  request: DurableHttpRequest;
  /** Set while a poll timer runs: the id that the library has already given to the next request. */
  nextRequestId?: number;
}

/** What the host must remember of one execution to give every task the id that the library gives it. */
export interface Plan {
  nextId: number;
  /** Signature of every atomic action seen so far, by ordinal. */
  signatures: string[];
  /** Current timer id of every uncancelled timer action, by ordinal. */
  timers: Record<number, number>;
  /** Tasks whose completion hands out further ids, by the id they wait on now. */
  dynamic: Record<number, RetryTask | LongTimer | HttpTask>;
}

/** The plan of an execution that has not begun. */
export function newPlan(): Plan {
  return { nextId: 0, signatures: [], timers: {}, dynamic: {} };
}

/** What an orchestrator did cannot be carried out: it is not deterministic, or an action is invalid. Fails the instance. */
export class OrchestrationFault extends Error {
  override readonly name = "OrchestrationFault";
}

/**
 * Events that make the library hand out ids by themselves (a failed attempt, the piece of a long timer, an HTTP 202) must be the first of their
 * episode: then all ids of the user code's new actions come after theirs, in list order.
 */
export function isDynamic(plan: Plan, event: HistoryEvent): boolean {
  const id = completedTaskId(event);
  return id !== undefined && plan.dynamic[id] !== undefined;
}

/** Takes in the events of one episode, as the library does before it resumes user code. `now` = the episode's time stamp in ms. */
export function applyEvents(plan: Plan, events: readonly HistoryEvent[], now: number): Command[] {
  return events.flatMap((event) => applyEvent(plan, event, now));
}

function applyEvent(plan: Plan, event: HistoryEvent, now: number): Command[] {
  const id = completedTaskId(event);
  if (id === undefined) return [];
  const task = plan.dynamic[id];
  delete plan.dynamic[id];
  if (event.EventType === EventType.TimerFired && task?.kind !== "longTimer") forgetTimer(plan, id);
  if (!task) return [];
  if (task.kind === "retry") return afterRetry(plan, task, event, now);
  if (task.kind === "longTimer") return afterPiece(plan, task, id, now);
  return afterHttp(plan, task, event, now);
}

function afterRetry(plan: Plan, task: RetryTask, event: HistoryEvent, now: number): Command[] {
  if (event.EventType === EventType.TimerFired) {
    if (task.attempt > task.options.maxNumberOfAttempts) return [];
    const id = take(plan, task);
    const limit = task.options.retryTimeoutInMilliseconds;
    const expired = limit !== undefined && limit > 0 && now - task.startedAt > limit;
    if (expired && task.failure)
      return [{ kind: "repeatFailure", id, name: task.call.name, input: task.call.input, failure: task.failure }];
    return [callCommand(id, task.call)];
  }
  if (!isFailure(event)) return [];
  task.failure = event;
  const delay = task.attempt >= task.options.maxNumberOfAttempts ? 0 : retryDelay(task.options, task.attempt);
  task.attempt++;
  return [{ kind: "timer", id: take(plan, task), fireAt: now + delay }];
}

function retryDelay(options: RetryOptions, failedAttempts: number): number {
  const delay = options.firstRetryIntervalInMilliseconds * (options.backoffCoefficient ?? 1) ** (failedAttempts - 1);
  return Math.min(delay, options.maxRetryIntervalInMilliseconds ?? MAX_RETRY_INTERVAL_MS);
}

function afterPiece(plan: Plan, task: LongTimer, id: number, now: number): Command[] {
  if (task.fireAt <= now) {
    forgetTimer(plan, id);
    return [];
  }
  const next = take(plan, task);
  plan.timers[task.ordinal] = next;
  return [{ kind: "timer", id: next, fireAt: pieceEnd(task.fireAt, now) }];
}

function afterHttp(plan: Plan, task: HttpTask, event: HistoryEvent, now: number): Command[] {
  if (event.EventType === EventType.TimerFired && task.nextRequestId !== undefined) {
    const id = task.nextRequestId;
    plan.dynamic[id] = { kind: "http", request: task.request };
    return [httpCommand(id, task.request)];
  }
  const response = JSON.parse(event.Result ?? "null") as {
    statusCode?: number;
    headers?: Record<string, string>;
  } | null;
  const header = (name: string): string | undefined =>
    Object.entries(response?.headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
  const location = header("location");
  if (isFailure(event) || response?.statusCode !== 202 || !location) return [];
  const request = pollRequest(task.request, new URL(location, task.request.uri));
  const timerId = plan.nextId++;
  plan.dynamic[timerId] = { kind: "http", request, nextRequestId: plan.nextId++ };
  const seconds = Number(header("retry-after") ?? DEFAULT_HTTP_SLEEP_MS / 1000);
  return [{ kind: "timer", id: timerId, fireAt: now + seconds * 1000 }];
}

/** Headers that speak for the caller: another origin than the one they were given for must not get them. */
const CREDENTIALS =
  /^(?:authorization|proxy-authorization|cookie|x-functions-key|ocp-apim-subscription-key|x-api-key|api-key)$/i;

function pollRequest(request: DurableHttpRequest, location: URL): DurableHttpRequest {
  const poll = { ...request, method: "GET", uri: location.href };
  delete poll.content;
  if (location.origin === new URL(request.uri).origin) return poll;
  const headers = Object.entries(request.headers ?? {}).filter(([name]) => !CREDENTIALS.test(name));
  return { ...poll, headers: Object.fromEntries(headers) };
}

/** Poll interval of durable HTTP when the answer names none. */
export const DEFAULT_HTTP_SLEEP_MS = 30_000;

/** Takes in the actions that an episode returned (all since the start of the execution) and returns what is new. Throws OrchestrationFault. */
export function applyActions(plan: Plan, actions: readonly Action[], now: number): Command[] {
  const atoms = atomsOf(actions);
  checkDeterminism(plan, atoms);
  const commands = atoms.slice(plan.signatures.length).flatMap((action) => schedule(plan, action, now));
  for (const [ordinal, id] of Object.entries(plan.timers)) {
    if (!atoms[Number(ordinal)]?.isCanceled) continue;
    forgetTimer(plan, id);
    delete plan.dynamic[id];
    commands.push({ kind: "cancelTimer", id });
  }
  return commands;
}

function checkDeterminism(plan: Plan, atoms: readonly Action[]): void {
  plan.signatures.forEach((expected, ordinal) => {
    const atom = atoms[ordinal];
    const found = atom && signatureOf(atom);
    if (found !== expected) {
      throw new OrchestrationFault(
        `Non-Deterministic workflow detected: action ${String(ordinal)} was ${expected} and is ${found ?? "missing"} on replay`,
      );
    }
  });
}

function schedule(plan: Plan, action: Action, now: number): Command[] {
  const ordinal = plan.signatures.push(signatureOf(action)) - 1;
  const call = { name: action.functionName ?? "", input: JSON.stringify(action.input ?? null) };
  switch (action.actionType) {
    case ActionType.CallActivity:
      return [{ kind: "activity", id: plan.nextId++, ...call }];
    case ActionType.CallActivityWithRetry:
      return [startRetry(plan, { sub: false, ...call }, action, now)];
    case ActionType.CallSubOrchestrator:
      return [callCommand(plan.nextId++, { sub: true, ...call, ...child(action) })];
    case ActionType.CallSubOrchestratorWithRetry:
      return [startRetry(plan, { sub: true, ...call, ...child(action) }, action, now)];
    case ActionType.CreateTimer:
      return [startTimer(plan, action, ordinal, now)];
    case ActionType.CallHttp:
      return [startHttp(plan, action)];
    case ActionType.CallEntity:
    case ActionType.SignalEntity:
    case ActionType.ScheduledSignalEntity:
    case ActionType.LockEntities:
    case ActionType.ReleaseEntities:
      throw new OrchestrationFault("durable entities are not available in the local functions host");
    default:
      return [];
  }
}

function child(action: Action): { instanceId?: string; version?: string } {
  return {
    ...(action.instanceId ? { instanceId: action.instanceId } : {}),
    ...(action.version ? { version: action.version } : {}),
  };
}

function callCommand(id: number, call: RetryTask["call"]): Command {
  const { sub, ...rest } = call;
  return sub ? { kind: "subOrchestration", id, ...rest } : { kind: "activity", id, name: rest.name, input: rest.input };
}

function startRetry(plan: Plan, call: RetryTask["call"], action: Action, now: number): Command {
  const options = action.retryOptions ?? { firstRetryIntervalInMilliseconds: 0, maxNumberOfAttempts: 1 };
  // The library's RetryOptions has accessors; keep plain data.
  const plain: RetryOptions = JSON.parse(JSON.stringify(options)) as RetryOptions;
  return callCommand(take(plan, { kind: "retry", call, options: plain, attempt: 1, startedAt: now }), call);
}

function startTimer(plan: Plan, action: Action, ordinal: number, now: number): Command {
  const fireAt = new Date(action.fireAt ?? now).getTime();
  if (Number.isNaN(fireAt)) throw new OrchestrationFault("createTimer got an invalid date");
  const long = fireAt - now > MAXIMUM_SHORT_TIMER_MS;
  const id = long ? take(plan, { kind: "longTimer", ordinal, fireAt }) : plan.nextId++;
  plan.timers[ordinal] = id;
  return { kind: "timer", id, fireAt: pieceEnd(fireAt, now) };
}

function startHttp(plan: Plan, action: Action): Command {
  const request = JSON.parse(JSON.stringify(action.httpRequest ?? { method: "GET", uri: "" })) as DurableHttpRequest;
  if (request.asynchronousPatternEnabled === false) return httpCommand(plan.nextId++, request);
  return httpCommand(take(plan, { kind: "http", request }), request);
}

function httpCommand(id: number, request: DurableHttpRequest): Command {
  return { kind: "activity", id, name: "BuiltIn::HttpActivity", input: JSON.stringify(request) };
}

function pieceEnd(fireAt: number, now: number): number {
  return fireAt - now > MAXIMUM_SHORT_TIMER_MS ? now + LONG_TIMER_INTERVAL_MS : fireAt;
}

function take(plan: Plan, task: Plan["dynamic"][number]): number {
  const id = plan.nextId++;
  plan.dynamic[id] = task;
  return id;
}

function forgetTimer(plan: Plan, id: number): void {
  for (const [ordinal, timer] of Object.entries(plan.timers)) if (timer === id) delete plan.timers[Number(ordinal)];
}
