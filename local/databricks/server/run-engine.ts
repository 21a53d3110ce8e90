import { JobAdmission } from "./job-admission";
import { DISABLED, driverError, judgeRun, stopped, TOO_MANY_RUNS } from "./outcomes";
import {
  latestAttempts,
  type Outcome,
  type RunRecord,
  type StopReason,
  type TaskRunRecord,
  type TaskSettings,
} from "./records";
import { newTaskRun } from "./run-factory";
import { RunAgenda } from "./run-agenda";
import type { RunStore } from "./run-store";
import { decideTask } from "./task-conditions";
import { endTask, isExecuting, mayRetry, stopTask } from "./task-transitions";

/** What one attempt brought. */
export interface TaskResult {
  readonly outcome: Outcome;
  readonly result?: string;
  readonly truncated?: boolean;
  readonly error?: string;
  readonly errorTrace?: string;
}

/** Runs one attempt. It must settle, also after `signal` aborts, and only when nothing of the attempt runs any more. */
export type TaskExecutor = (
  run: RunRecord,
  task: TaskRunRecord,
  hooks: { readonly signal: AbortSignal; readonly onStarted: (setupMs: number) => void },
) => Promise<TaskResult>;

/** Who is told about job runs and submitted runs. */
export interface RunListeners {
  readonly started: (run: RunRecord) => void;
  readonly ended: (run: RunRecord) => void;
}

/**
 * Moves runs from queued to done. State is in the store at every step, so that a restart goes on from it.
 *
 * A run is looked at when something happened to it: it came, one of its tasks ended, its time is up, a slot or its job is free.
 */
export class RunEngine {
  private readonly executing = new Map<number, { abort: AbortController; exempt: boolean }>();
  private readonly admission = new JobAdmission();
  private readonly waiters = new Map<number, (() => void)[]>();
  private readonly agenda = new RunAgenda(
    (runId) => this.look(runId),
    () => this.hasFreeSlot(),
  );
  private stopping = false;

  constructor(
    private readonly store: RunStore,
    private readonly execute: TaskExecutor,
    private readonly maxConcurrentTasks = 2,
    private readonly listeners: RunListeners = { started: () => undefined, ended: () => undefined },
  ) {}

  /** Ends what was executing when an earlier server died, then goes on with the rest. */
  recover(): void {
    const open = this.store.open();
    for (const run of open) {
      this.admission.add(run);
      for (const task of this.store.tasks(run.runId).filter(isExecuting)) {
        const lost = driverError(
          "The driver was lost: the local Databricks server stopped while the task was running.",
        );
        this.finish(run, task, { outcome: task.stopReason ? stopped(task.stopReason, "Task") : lost });
      }
    }
    this.agenda.wake(...open.map((run) => run.runId));
  }

  /** Gives up all timers and ignores what still settles; the store keeps the runs as active for {@link recover}. */
  stop(): void {
    this.stopping = true;
    this.agenda.stop();
  }

  /** Takes up a run that was stored as queued: a new one, or one that is repaired. */
  enqueue(run: RunRecord): void {
    this.admission.add(run);
    this.agenda.wake(run.runId);
  }

  /** Whether a run of the job is queued or active. */
  isOpen(jobId: number): boolean {
    return this.admission.isOpen(jobId);
  }

  /** Ends a run before its time: at once what has not started, as soon as it is dead what has. */
  cancel(runId: number, reason: StopReason): void {
    const run = this.store.get(runId);
    if (run.phase === "done") return;
    run.stopReason ??= reason;
    run.phase = run.phase === "queued" ? "queued" : "terminating";
    this.store.saveRun(run);
    for (const task of this.store.tasks(runId)) this.stopTask(task, run.stopReason);
    this.agenda.wake(runId);
  }

  /** Resolves when the run is done. */
  async untilDone(runId: number): Promise<void> {
    if (this.store.get(runId).phase === "done") return;
    await new Promise<void>((resolve) => this.waiters.set(runId, [...(this.waiters.get(runId) ?? []), resolve]));
  }

  private hasFreeSlot(): boolean {
    return [...this.executing.values()].filter((item) => !item.exempt).length < this.maxConcurrentTasks;
  }

  private look(runId: number): number {
    const run = this.store.find(runId);
    return !run || run.phase === "done" ? Number.POSITIVE_INFINITY : this.advance(run);
  }

  private advance(run: RunRecord): number {
    if (run.phase === "queued" && !this.admit(run)) return Number.POSITIVE_INFINITY;
    let due = Number.POSITIVE_INFINITY;
    const limitMs = (run.settings.timeout_seconds ?? 0) * 1000;
    const tasks = latestAttempts(run, this.store.tasks(run.runId));
    if (limitMs > 0 && !run.stopReason) {
      const deadline = (run.repairs.at(-1)?.startTime ?? run.startTime) + limitMs;
      if (deadline <= Date.now()) return this.expire(run, tasks);
      due = deadline;
    }
    // Settings list a task after what it depends on only by habit: repeat until nothing changes.
    for (let changed = true; changed;) {
      changed = false;
      for (const task of tasks) {
        const before = task.phase;
        due = Math.min(due, this.advanceTask(run, task, tasks));
        changed ||= before !== task.phase;
      }
    }
    if (!tasks.every((task) => task.phase === "done")) return due;
    this.settle(run);
    return Number.POSITIVE_INFINITY;
  }

  private expire(run: RunRecord, tasks: readonly TaskRunRecord[]): number {
    run.stopReason = "timeout";
    run.phase = "terminating";
    this.store.saveRun(run);
    for (const task of tasks) this.stopTask(task, "timeout");
    if (tasks.every((task) => task.phase === "done")) this.settle(run);
    return Number.POSITIVE_INFINITY;
  }

  private admit(run: RunRecord): boolean {
    if (run.stopReason) {
      this.close(run, stopped(run.stopReason, "Run"));
      return false;
    }
    const limit = run.settings.max_concurrent_runs ?? 1;
    if (run.runType === "JOB_RUN" && this.admission.countActive(run.jobId) >= limit) {
      // A job whose limit is 0 skips all its runs; in a queue they would wait for ever.
      if (!run.queue || limit === 0) this.skip(run);
      return false;
    }
    run.phase = "active";
    run.startTime ||= Date.now();
    this.store.saveRun(run);
    this.admission.admit(run);
    if (this.admission.countActive(run.jobId) < limit) this.wakeNext(run.jobId);
    if (run.runType !== "WORKFLOW_RUN") this.listeners.started(run);
    return true;
  }

  private skip(run: RunRecord): void {
    for (const task of this.store.tasks(run.runId).filter((item) => item.phase !== "done")) {
      endTask(task, TOO_MANY_RUNS);
      this.store.saveTask(task);
    }
    this.close(run, TOO_MANY_RUNS);
  }

  /** Moves one task on; returns when it is due again. */
  private advanceTask(run: RunRecord, task: TaskRunRecord, tasks: readonly TaskRunRecord[]): number {
    const settings = run.settings.tasks.find((item) => item.task_key === task.taskKey);
    if (!settings || task.phase === "done") return Number.POSITIVE_INFINITY;
    if (task.phase === "blocked") this.unblock(task, settings, tasks);
    if (task.phase === "waiting") {
      if (task.notBefore > Date.now()) return task.notBefore;
      task.phase = "pending";
    }
    if (task.phase === "pending") this.launch(run, task);
    if (!isExecuting(task) || task.phase === "terminating" || !settings.timeout_seconds)
      return Number.POSITIVE_INFINITY;
    const deadline = task.startTime + settings.timeout_seconds * 1000;
    if (deadline > Date.now()) return deadline;
    this.stopTask(task, "timeout");
    return Number.POSITIVE_INFINITY;
  }

  private unblock(task: TaskRunRecord, settings: TaskSettings, tasks: readonly TaskRunRecord[]): void {
    if (settings.disabled) {
      endTask(task, DISABLED);
      this.store.saveTask(task);
      return;
    }
    const upstream = (settings.depends_on ?? []).map(
      (item) => tasks.find((other) => other.taskKey === item.task_key)?.outcome,
    );
    if (!upstream.every((outcome) => outcome !== undefined)) return;
    const decision = decideTask(settings.run_if ?? "ALL_SUCCESS", upstream);
    if (decision === "run") task.phase = "pending";
    else endTask(task, decision);
    this.store.saveTask(task);
  }

  private stopTask(task: TaskRunRecord, reason: StopReason): void {
    const running = stopTask(task, reason);
    this.store.saveTask(task);
    if (running) this.executing.get(task.runId)?.abort.abort();
  }

  private launch(run: RunRecord, task: TaskRunRecord): void {
    // A notebook that waits in dbutils.notebook.run lends its slot to the child; else two parents would wait for ever.
    const exempt = run.runType === "WORKFLOW_RUN";
    if (!exempt && !(this.agenda.isFed(run.runId) && this.hasFreeSlot())) {
      this.agenda.starve(run.runId);
      return;
    }
    const abort = new AbortController();
    this.executing.set(task.runId, { abort, exempt });
    task.phase = "launched";
    task.startTime = Date.now();
    this.store.saveTask(task);
    const onStarted = (setupMs: number): void => this.started(task.runId, setupMs);
    void this.execute(run, task, { signal: abort.signal, onStarted })
      .catch((error: unknown): TaskResult => ({ outcome: driverError(`The task could not be run: ${String(error)}`) }))
      .then((result) => {
        this.executing.delete(task.runId);
        if (this.stopping) return;
        this.finish(this.store.get(run.runId), this.store.findTask(task.runId) ?? task, result);
        this.agenda.wake(run.runId);
      });
  }

  private started(taskRunId: number, setupMs: number): void {
    const task = this.store.findTask(taskRunId);
    if (this.stopping || task?.phase !== "launched") return;
    task.phase = "running";
    task.setupMs = setupMs;
    this.store.saveTask(task);
  }

  private finish(run: RunRecord, task: TaskRunRecord, result: TaskResult): void {
    const { outcome, ...output } = result;
    Object.assign(task, output);
    endTask(task, outcome);
    this.store.saveTask(task);
    const settings = run.settings.tasks.find((item) => item.task_key === task.taskKey);
    if (!settings || run.stopReason || !mayRetry(settings, task)) return;
    const next = newTaskRun(this.store.newId(), run.runId, task.taskKey, task);
    next.phase = "waiting";
    next.notBefore = Date.now() + (settings.min_retry_interval_millis ?? 0);
    this.store.saveTask(next);
  }

  private settle(run: RunRecord): void {
    this.close(run, judgeRun(run, latestAttempts(run, this.store.tasks(run.runId))));
  }

  private close(run: RunRecord, outcome: Outcome): void {
    run.phase = "done";
    run.outcome = outcome;
    run.endTime = Date.now();
    this.store.saveRun(run);
    this.admission.remove(run);
    if (run.runType !== "WORKFLOW_RUN") this.listeners.ended(run);
    for (const resolve of this.waiters.get(run.runId) ?? []) resolve();
    this.waiters.delete(run.runId);
    this.wakeNext(run.jobId);
  }

  /** Lets the queued run of a job that is next ask for admission. */
  private wakeNext(jobId: number): void {
    const next = this.admission.next(jobId);
    if (next !== undefined) this.agenda.wake(next);
  }
}
