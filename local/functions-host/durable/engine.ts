import { log, messageOf } from "../log";
import type { CoreApi } from "../worker/core-api";
import type { RegisteredFunction } from "../worker/core-types";
import type { Invoker } from "../worker/invoker";
import { runActivity } from "./activity";
import type { ActivityItem } from "./activity";
import type { DurableConfig } from "./config";
import { DurableLog } from "./durable-log";
import type { EpisodeContext } from "./episode";
import { runEpisode } from "./episode";
import { EventType, isFailure, newEvent } from "./events";
import type { HistoryEvent } from "./events";
import type { DurableStore, Instance } from "./store";
import { versionMismatch } from "./version";
import type { VersionRules } from "./version";

/** Limits and switches of the engine. */
export interface EngineOptions {
  readonly config: DurableConfig;
  /** Run every activity twice, as an at-least-once host may; now and then both at the same time. */
  readonly deliverTwice: boolean;
  isDisabled(functionName: string): boolean;
}

const HTTP_ACTIVITY = "BuiltIn::HttpActivity";
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const RETRY_AFTER_ENGINE_ERROR_MS = 1000;

/** Runs orchestrations: episodes, activities and durable timers, all from the store, so that it goes on after a restart where it was. */
export class Engine implements EpisodeContext {
  private readonly episodes = new Set<string>();
  private readonly activities = new Set<number>();
  private timer: NodeJS.Timeout | undefined;
  private running = false;
  private scheduled = false;
  private deliveries = 0;

  readonly log: DurableLog;
  /** Instances that wait for a worker of another version; each is told once. */
  private readonly rejected = new Set<string>();

  constructor(
    readonly store: DurableStore,
    readonly invoker: Invoker,
    private readonly core: CoreApi,
    private readonly options: EngineOptions,
  ) {
    this.log = new DurableLog(options.config);
  }

  get versions(): VersionRules {
    return this.options.config.versions;
  }

  orchestrator(name: string): RegisteredFunction | undefined {
    return this.find("orchestrationtrigger", name);
  }

  exists(kind: "activity" | "orchestrator", name: string): boolean {
    return kind === "orchestrator"
      ? this.orchestrator(name) !== undefined
      : name === HTTP_ACTIVITY || this.find("activitytrigger", name) !== undefined;
  }

  /** Starts (or resumes) all stored work. */
  start(): void {
    this.running = true;
    this.wake();
  }

  /** Takes up no new work. What runs may end; its results are stored. */
  stop(): void {
    this.running = false;
    clearTimeout(this.timer);
  }

  /** Looks for work soon. Call it after everything that queues some. */
  wake(): void {
    if (this.scheduled || !this.running) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (this.running) this.pump();
    });
  }

  private find(type: string, name: string): RegisteredFunction | undefined {
    const fn = [...this.core.functions.values()].find((item) => item.name.toLowerCase() === name.toLowerCase());
    return fn && fn.trigger.type.toLowerCase() === type && !this.options.isDisabled(fn.name) ? fn : undefined;
  }

  private pump(): void {
    this.fireTimers();
    for (const instance of this.store.runnable()) {
      if (this.episodes.size >= this.options.config.maxConcurrentOrchestrators) break;
      if (!this.episodes.has(instance.id) && !this.isRejected(instance)) void this.episode(instance.id);
    }
    this.startActivities();
  }

  private isRejected({ id, name, version }: Pick<Instance, "id" | "name" | "version">): boolean {
    const why = this.versions.failure === "Reject" ? versionMismatch(this.versions, version) : undefined;
    if (why !== undefined && !this.rejected.has(id)) this.log.rejected(id, name, why);
    if (why !== undefined) this.rejected.add(id);
    return why !== undefined;
  }

  private async episode(id: string): Promise<void> {
    this.episodes.add(id);
    try {
      await runEpisode(this, id);
    } catch (error) {
      log("error", `${id}: the episode could not be stored, it will be repeated: ${messageOf(error)}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_ENGINE_ERROR_MS));
    } finally {
      this.episodes.delete(id);
      this.wake();
    }
  }

  private fireTimers(): void {
    const now = Date.now();
    this.store.db.tx(() => {
      for (const row of this.store.db.all("SELECT * FROM timers WHERE fire_at <= ? ORDER BY fire_at", now)) {
        const [instance, execution, TimerId] = [
          String(row["instance_id"]),
          String(row["execution_id"]),
          Number(row["timer_id"]),
        ];
        this.store.db.run(
          "DELETE FROM timers WHERE instance_id = ? AND execution_id = ? AND timer_id = ?",
          instance,
          execution,
          TimerId,
        );
        this.store.send(
          instance,
          execution,
          newEvent(EventType.TimerFired, { TimerId, FireAt: new Date(Number(row["fire_at"])).toISOString() }),
        );
      }
    });
    clearTimeout(this.timer);
    const next = this.store.db.get("SELECT MIN(fire_at) AS at FROM timers")?.["at"];
    if (typeof next === "number")
      this.timer = setTimeout(() => this.wake(), Math.min(Math.max(0, next - now), MAX_TIMEOUT_MS));
  }

  private startActivities(): void {
    const free = this.options.config.maxConcurrentActivities - this.activities.size;
    if (free <= 0) return;
    const rows = this.store.db.all(
      "SELECT * FROM activities ORDER BY seq LIMIT ?",
      this.options.config.maxConcurrentActivities + free,
    );
    for (const row of rows.filter((item) => !this.activities.has(Number(item["seq"]))).slice(0, free)) {
      const item = {
        seq: Number(row["seq"]),
        instanceId: String(row["instance_id"]),
        executionId: String(row["execution_id"]),
        taskId: Number(row["task_id"]),
        name: String(row["name"]),
        input: String(row["input"]),
      };
      void this.activity(item);
    }
  }

  private async activity(item: ActivityItem): Promise<void> {
    this.activities.add(item.seq);
    try {
      const fn = item.name === HTTP_ACTIVITY ? undefined : this.find("activitytrigger", item.name);
      const trace = this.store.traceOf(item.instanceId, item.executionId);
      const once = (): ReturnType<typeof runActivity> => runActivity(this.invoker, fn, item, trace);
      this.log.started(item.instanceId, item.name, "Activity", item.input, item.taskId);
      const event = this.options.deliverTwice ? await this.twice(once) : await once();
      this.logEnd(item, event);
      this.store.db.tx(() => {
        const first = this.store.db.run("DELETE FROM activities WHERE seq = ?", item.seq) > 0;
        if (first) this.store.send(item.instanceId, item.executionId, event);
      });
    } catch (error) {
      log(
        "error",
        `activity '${item.name}' of ${item.instanceId}: its result could not be stored, it will be repeated: ${messageOf(error)}`,
      );
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_ENGINE_ERROR_MS));
    } finally {
      this.activities.delete(item.seq);
      this.wake();
    }
  }

  private logEnd(item: ActivityItem, event: HistoryEvent): void {
    const { instanceId, name, taskId } = item;
    if (isFailure(event)) this.log.failed(instanceId, name, "Activity", event.Reason ?? "", taskId);
    else this.log.completed(instanceId, name, "Activity", event.Result ?? null, false, taskId);
  }

  /** The first result counts. Every third delivery runs both at the same time. */
  private async twice<T>(once: () => Promise<T>): Promise<T> {
    if (this.deliveries++ % 3 === 2) return (await Promise.all([once(), once()]))[0];
    const result = await once();
    await once();
    return result;
  }
}
