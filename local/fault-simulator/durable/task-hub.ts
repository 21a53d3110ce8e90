import { EventType, type HistoryEvent } from "../../functions-host/durable/events";
import { newPlan, type Plan } from "../../functions-host/durable/plan";
import type { Appointment } from "../kernel/agenda";
import type { Kernel } from "../kernel/kernel";
import { historyEvent } from "./orchestration";

export type RuntimeStatus = "Pending" | "Running" | "Completed" | "Failed" | "Terminated";

/** One orchestration instance, as the task hub stores it. Inputs and results are JSON texts. */
export interface Instance {
  readonly id: string;
  readonly name: string;
  readonly parent: { readonly id: string; readonly executionId: string; readonly taskId: number } | null;
  input: string | null;
  executionId: string;
  status: RuntimeStatus;
  output: string | null;
  plan: Plan;
  history: HistoryEvent[];
  /** Events that no episode has taken yet. */
  inbox: HistoryEvent[];
  readonly timers: Map<number, Appointment>;
}

/** One call of an activity that is to be made, at least once. */
export interface ActivityItem {
  readonly seq: number;
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  readonly input: string;
}

/** What begins an execution. */
export interface NewInstance {
  readonly id: string;
  readonly name: string;
  readonly input: string | null;
  readonly parent?: Instance["parent"];
}

export const isFinished = ({ status }: Pick<Instance, "status">): boolean =>
  status !== "Pending" && status !== "Running";

/** Instances, histories, queues and timers of the orchestrations. It outlives every host. */
export class TaskHub {
  readonly instances = new Map<string, Instance>();
  readonly activities = new Map<number, ActivityItem>();
  private seq = 0;

  /** Told of instances that have events to take; set by the host that is up. */
  onEvent: (instanceId: string) => void = () => undefined;
  onActivity: (item: ActivityItem) => void = () => undefined;

  constructor(private readonly kernel: Kernel) {}

  create({ id, name, input, parent = null }: NewInstance): void {
    this.remove(id);
    const executionId = this.newExecutionId();
    const status = "Pending" as const;
    const parts = { plan: newPlan(), history: [], inbox: [], timers: new Map<number, Appointment>() };
    this.instances.set(id, { id, name, parent, input, executionId, status, output: null, ...parts });
    this.send(id, executionId, this.event(EventType.ExecutionStarted, { Name: name, Input: input }));
  }

  /** Queues an event; with an execution id it is dropped when that execution has been replaced or is over. */
  send(id: string, executionId: string | null, event: HistoryEvent): void {
    const instance = this.instances.get(id);
    if (!instance || isFinished(instance) || (executionId !== null && instance.executionId !== executionId)) return;
    instance.inbox.push(event);
    this.onEvent(id);
  }

  startTimer(instance: Instance, timerId: number, fireAt: number): void {
    const { id, executionId } = instance;
    const FireAt = new Date(fireAt).toISOString();
    const timer = this.kernel.at(fireAt, () => {
      instance.timers.delete(timerId);
      this.send(id, executionId, this.event(EventType.TimerFired, { TimerId: timerId, FireAt }));
    });
    instance.timers.set(timerId, timer);
  }

  cancelTimer(instance: Instance, timerId: number): void {
    const timer = instance.timers.get(timerId);
    if (timer) timer.cancelled = true;
    instance.timers.delete(timerId);
  }

  addActivity(instance: Instance, taskId: number, name: string, input: string): void {
    const { id: instanceId, executionId } = instance;
    const item = { seq: (this.seq += 1), instanceId, executionId, taskId, name, input };
    this.activities.set(item.seq, item);
    this.onActivity(item);
  }

  /** The first result of an activity counts; later ones are dropped. */
  completeActivity(item: ActivityItem, event: HistoryEvent): void {
    if (this.activities.delete(item.seq)) this.send(item.instanceId, item.executionId, event);
  }

  /** Ends an instance; its activities still run, their results are dropped. */
  finish(instance: Instance, status: "Completed" | "Failed" | "Terminated", output: string | null): void {
    instance.status = status;
    instance.output = output;
    for (const timerId of [...instance.timers.keys()]) this.cancelTimer(instance, timerId);
    instance.inbox = [];
    const { parent } = instance;
    if (!parent) return;
    const TaskScheduledId = parent.taskId;
    const event =
      status === "Completed"
        ? this.event(EventType.SubOrchestrationInstanceCompleted, { TaskScheduledId, Result: output ?? "null" })
        : this.event(EventType.SubOrchestrationInstanceFailed, { TaskScheduledId, Reason: output ?? "", Details: "" });
    this.send(parent.id, parent.executionId, event);
  }

  /** Forgets an instance, as a purge or a lost task hub does: nobody is told. */
  remove(id: string): boolean {
    const instance = this.instances.get(id);
    if (!instance) return false;
    for (const timerId of [...instance.timers.keys()]) this.cancelTimer(instance, timerId);
    for (const item of [...this.activities.values()]) if (item.instanceId === id) this.activities.delete(item.seq);
    this.instances.delete(id);
    return true;
  }

  newExecutionId(): string {
    return `${this.kernel.entropy.hex()}${this.kernel.entropy.hex()}`;
  }

  event(type: number, fields: Partial<HistoryEvent> = {}): HistoryEvent {
    return historyEvent(type, this.kernel.now, fields);
  }
}
