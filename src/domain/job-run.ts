/** A Databricks job run as the app sees it: camelCase, ids as decimal strings (int64), times in epoch ms. */

/** The two ways in which Databricks tells a state. Any field may be missing, any value may be new to us. */
export interface RunState {
  /** `state.life_cycle_state` (old). */
  readonly lifeCycleState?: string;
  /** `state.result_state` (old); absent until terminal, and for SKIPPED. */
  readonly resultState?: string;
  /** `status.state` (new). */
  readonly statusState?: string;
  /** `status.termination_details.code`. */
  readonly terminationCode?: string;
  /** `status.termination_details.type`: SUCCESS, INTERNAL_ERROR, CLIENT_ERROR or CLOUD_FAILURE. */
  readonly terminationType?: string;
  /** The message that Databricks gives: bounded, without colour codes. User code can write into it. */
  readonly message?: string;
}

/** One attempt of one task of a run. */
export interface TaskRun {
  /** The task run id: the one that the output is read with. */
  readonly runId: string;
  readonly taskKey: string;
  /** 0 for the first attempt. */
  readonly attemptNumber: number;
  readonly dependsOn: readonly string[];
  readonly state: RunState;
  readonly startTimeMs?: number;
  readonly endTimeMs?: number;
}

/** One run of one job. */
export interface JobRun {
  readonly runId: string;
  readonly jobId: string;
  readonly runName?: string;
  readonly state: RunState;
  readonly jobParameters: Readonly<Record<string, string>>;
  /** Every attempt of every task, all pages. */
  readonly tasks: readonly TaskRun[];
  /** The page of the run in the workspace. */
  readonly url?: string;
  readonly startTimeMs?: number;
  /** Absent while the run is active. */
  readonly endTimeMs?: number;
  readonly runDurationMs?: number;
  readonly queueDurationMs?: number;
}

/** The newest attempt of each task, in the order of first appearance. */
export function lastAttempts(tasks: readonly TaskRun[]): TaskRun[] {
  const newest = new Map<string, TaskRun>();
  for (const task of tasks) {
    const known = newest.get(task.taskKey);
    if (!known || task.attemptNumber >= known.attemptNumber) newest.set(task.taskKey, task);
  }
  return [...newest.values()];
}
