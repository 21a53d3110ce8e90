import { stopped } from "./outcomes";
import type { Outcome, StopReason, TaskRunRecord, TaskSettings } from "./records";

/** Whether a notebook process, or the set-up for one, may exist for this task run. */
export function isExecuting(task: TaskRunRecord): boolean {
  return task.phase === "launched" || task.phase === "running" || task.phase === "terminating";
}

/** Writes the end of an attempt into its record. */
export function endTask(task: TaskRunRecord, outcome: Outcome): void {
  const now = Date.now();
  if (isExecuting(task)) task.executionMs = Math.max(0, now - task.startTime - task.setupMs);
  task.phase = "done";
  task.outcome = outcome;
  task.startTime ||= now;
  task.endTime = now;
}

/** Ends a task that has nothing running, or marks one that has as terminating. Returns whether something has to be stopped. */
export function stopTask(task: TaskRunRecord, reason: StopReason): boolean {
  if (task.phase === "done") return false;
  task.stopReason ??= reason;
  if (isExecuting(task)) {
    task.phase = "terminating";
    return true;
  }
  endTask(task, stopped(reason, "Task"));
  return false;
}

/** Whether the settings grant another attempt after this end. A cancelled task is never repeated. */
export function mayRetry(settings: TaskSettings, task: TaskRunRecord): boolean {
  const { outcome } = task;
  if (!outcome || (task.stopReason === "user" && outcome.result !== "SUCCESS")) return false;
  const wanted = outcome.result === "FAILED" || (outcome.result === "TIMEDOUT" && settings.retry_on_timeout === true);
  const limit = settings.max_retries ?? 0;
  return wanted && (limit === -1 || task.attempt < limit);
}
