import { EventType, type HistoryEvent } from "../../functions-host/durable/events";
import type { Kernel } from "../kernel/kernel";
import type { Caller } from "../kernel/wire";
import { commitEpisode, runEpisode, type Registered } from "./episode";
import type { Orchestration } from "./orchestration";
import { isFinished, type ActivityItem, type TaskHub } from "./task-hub";

/** Runs an activity function and gives back its result as JSON. */
export type RunActivity = (item: ActivityItem) => Promise<string>;

/** How often the host does what hosts may do. */
export interface EngineHabits {
  /** User code is run again over the whole history, as after it was dropped from memory. */
  readonly replays: number;
  /** An activity is delivered twice. */
  readonly twice: number;
}

/** Works off the task hub's queues in one host. Everything it has not stored dies with the host. */
export class Engine {
  private readonly kept = new Map<string, Orchestration>();
  private readonly planned = new Set<string>();
  private readonly taken = new Set<number>();

  constructor(
    private readonly kernel: Kernel,
    private readonly hub: TaskHub,
    private readonly caller: Caller,
    private readonly app: Registered,
    private readonly runActivity: RunActivity,
    private readonly habits: EngineHabits,
  ) {}

  /** Takes up what waits, and what comes. */
  start(): void {
    this.hub.onEvent = (id) => this.planEpisode(id);
    this.hub.onActivity = (item) => this.planActivity(item);
    for (const { id, inbox } of this.hub.instances.values()) if (inbox.length > 0) this.planEpisode(id);
    for (const item of this.hub.activities.values()) this.planActivity(item);
  }

  private delay(): number {
    return this.kernel.latency.skewed(5, 100);
  }

  private planEpisode(id: string): void {
    if (this.planned.has(id)) return;
    this.planned.add(id);
    this.kernel.after(this.delay(), () => this.episode(id));
  }

  private episode(id: string): void {
    if (!this.caller.alive) return;
    const instance = this.hub.instances.get(id);
    if (!instance || isFinished(instance) || instance.inbox.length === 0) {
      this.planned.delete(id);
      return;
    }
    const replay = this.kernel.latency.happens(this.habits.replays);
    if (replay) this.kernel.count("user code replayed");
    const [episode, code] = runEpisode(this.hub, this.app, instance, replay ? undefined : this.kept.get(id));
    const store = (): void => {
      if (!this.caller.alive) return;
      this.planned.delete(id);
      const stored = commitEpisode(this.hub, this.app, episode);
      // A new execution begins with new user code.
      if (stored && code && !isFinished(instance) && instance.executionId === episode.executionId) {
        code.taken = instance.history.length;
        this.kept.set(id, code);
      } else this.kept.delete(id);
      if (this.kernel.trace.on) {
        const now = isFinished(instance) ? `${instance.status} ${instance.output ?? ""}` : "goes on";
        this.kernel.trace.add(this.caller.name, `episode of ${id}`, stored ? now : "thrown away");
      }
      if (instance.inbox.length > 0) this.planEpisode(id);
    };
    // Mostly at once; now and then the host may die, or the instance change, between run and store.
    if (this.kernel.latency.happens(0.9)) store();
    else this.kernel.after(this.delay(), store);
  }

  private planActivity(item: ActivityItem): void {
    if (this.taken.has(item.seq)) return;
    this.taken.add(item.seq);
    this.kernel.after(this.delay(), () => this.activity(item));
    if (!this.kernel.faults.happens(this.habits.twice)) return;
    this.kernel.count("activity run twice");
    this.kernel.after(this.delay() + this.kernel.latency.skewed(1, 3_000), () => this.activity(item));
  }

  private activity(item: ActivityItem): void {
    // A second delivery may begin while the first runs, or after its result was stored: a host that was slow to learn of it.
    if (!this.caller.alive) return;
    const complete = (event: HistoryEvent): void => {
      this.kernel.after(this.delay(), () => {
        if (this.caller.alive) this.hub.completeActivity(item, event);
      });
    };
    this.runActivity(item).then(
      (Result) => complete(this.hub.event(EventType.TaskCompleted, { TaskScheduledId: item.taskId, Result })),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        const Reason = `Activity function '${item.name}' failed:  ${message}`;
        complete(this.hub.event(EventType.TaskFailed, { TaskScheduledId: item.taskId, Reason, Details: message }));
      },
    );
  }
}
