import type { EpisodeContext } from "./episode";
import { dispatch } from "./dispatch";
import { EventType, completedTaskId, isFailure, newEvent } from "./events";
import type { HistoryEvent } from "./events";
import { applyActions, applyEvents, newPlan } from "./plan";
import type { Command, Plan } from "./plan";
import { replay } from "./replay";
import { ClientError } from "./client";
import { startTrace } from "./store";
import type { Instance } from "./store";

interface Rewound {
  readonly instance: Instance;
  readonly history: HistoryEvent[];
  readonly plan: Plan;
  readonly open: readonly Command[];
}

/**
 * Takes a failed instance back to before its failures: failed calls leave the history (as GenericEvent), the rest is replayed event by
 * event to find which calls are open again, and those are made anew. Failed sub-orchestrations are rewound, not restarted.
 * @throws ClientError 412 when that cannot be done; then nothing has changed.
 */
export async function rewindInstance(context: EpisodeContext, id: string, reason: string | null): Promise<void> {
  const all = await prepare(context, id);
  // In one transaction: a child that ended before its parent runs again would report to nobody.
  context.store.db.tx(() => all.forEach((item) => apply(context, item, reason)));
}

/** What to do for the instance and its failed children, children first. */
async function prepare(context: EpisodeContext, id: string): Promise<Rewound[]> {
  const instance = context.store.instance(id);
  if (instance?.status !== "Failed") return [];
  const { history, children } = withoutFailures(context.store.history(instance));
  const below: Rewound[] = [];
  for (const child of children) below.push(...(await prepare(context, child)));
  return [...below, { instance, history, ...(await rebuild(context, instance, history)) }];
}

function apply(context: EpisodeContext, { instance, history, plan, open }: Rewound, reason: string | null): void {
  const { store } = context;
  const current = store.instance(instance.id);
  if (current?.status !== "Failed" || current.executionId !== instance.executionId) {
    throw new ClientError(412, `The instance '${instance.id}' changed while it was rewound.`);
  }
  Object.assign(instance, { plan, status: "Running", output: null });
  for (const table of ["timers", "activities", "inbox"])
    store.db.run(`DELETE FROM ${table} WHERE instance_id = ?`, instance.id);
  store.replaceHistory(instance, history);
  const again = open.filter((command) => !isOpenChild(context, history, command));
  const events = dispatch(context, instance, again, Date.now(), startTrace(history));
  store.appendHistory(instance, [newEvent(EventType.ExecutionRewound, { Reason: reason }), ...events]);
  store.save(instance);
}

/** The history without failed calls and without the end; `children` are the sub-orchestrations that failed. */
function withoutFailures(history: readonly HistoryEvent[]): { history: HistoryEvent[]; children: string[] } {
  const failed = new Map(history.filter(isFailure).map((event) => [event.TaskScheduledId ?? -1, event]));
  const children = history
    .filter((event) => event.EventType === EventType.SubOrchestrationInstanceCreated && failed.has(event.EventId))
    .map((event) => event.InstanceId ?? "");
  const kept = history.map((event) => {
    const gone =
      isFailure(event) ||
      event.EventType === EventType.ExecutionCompleted ||
      (event.EventType === EventType.TaskScheduled && failed.has(event.EventId));
    return gone ? newEvent(EventType.GenericEvent, { EventId: event.EventId, Timestamp: event.Timestamp }) : event;
  });
  return { history: kept, children };
}

/** A child that was rewound, or still runs, will answer by itself. */
function isOpenChild(context: EpisodeContext, history: readonly HistoryEvent[], command: Command): boolean {
  if (command.kind !== "subOrchestration") return false;
  const created = history.find(
    (event) => event.EventType === EventType.SubOrchestrationInstanceCreated && event.EventId === command.id,
  );
  const child = created?.InstanceId ? context.store.instance(created.InstanceId) : undefined;
  return (
    child !== undefined &&
    child.parent?.taskId === command.id &&
    (child.status === "Running" || child.status === "Pending")
  );
}

/** Replays the history, one completion at a time, and returns the plan at its end and the calls that nothing answered. */
async function rebuild(
  context: EpisodeContext,
  instance: Instance,
  history: HistoryEvent[],
): Promise<{ plan: Plan; open: Command[] }> {
  const fn = context.orchestrator(instance.name);
  if (!fn)
    throw new ClientError(
      412,
      `The function '${instance.name}' doesn't exist, is disabled, or is not an orchestrator function.`,
    );
  const plan = newPlan();
  const open = new Map<number, Command>();
  let now = 0;
  const note = (commands: Command[]): void => {
    for (const command of commands) {
      if (command.kind === "cancelTimer") open.delete(command.id);
      else open.set(command.id, command);
    }
  };
  for (const [index, event] of history.entries()) {
    if (event.EventType === EventType.OrchestratorStarted) now = Date.parse(event.Timestamp);
    const id = completedTaskId(event);
    if (id !== undefined && !open.has(id)) {
      history[index] = newEvent(EventType.GenericEvent, { Timestamp: event.Timestamp });
      continue;
    }
    if (id !== undefined) open.delete(id);
    if (id === undefined && event.EventType !== EventType.EventRaised && event.EventType !== EventType.ExecutionStarted)
      continue;
    note(applyEvents(plan, [event], now));
    const result = await replay(context.invoker, fn, instance, history.slice(0, index + 1));
    if (result.kind === "failed") throw new ClientError(412, `The instance fails again on replay: ${result.error}`);
    note(applyActions(plan, result.actions, now));
  }
  return { plan, open: [...open.values()] };
}
