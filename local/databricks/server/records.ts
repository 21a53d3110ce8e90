import type { JsonObject } from "./params";

/** Terminal life-cycle states. */
export type TerminalLifeCycle = "TERMINATED" | "SKIPPED" | "INTERNAL_ERROR";
/** Who is to blame, in `termination_details.type`. */
export type TerminationType = "SUCCESS" | "INTERNAL_ERROR" | "CLIENT_ERROR" | "CLOUD_FAILURE";
/** How a run or task run ended. */
export interface Outcome {
  readonly lifeCycle: TerminalLifeCycle;
  /** Absent for SKIPPED. */
  readonly result?: string;
  readonly code: string;
  readonly type: TerminationType;
  readonly message: string;
}
/** Why a run is being ended before its notebooks are done. */
export type StopReason = "user" | "timeout";

/** What started a run. */
export type RunTrigger = "ONE_TIME" | "PERIODIC" | "CONTINUOUS";

/** The parts of a cluster's specification that the local cluster acts on. */
export interface ClusterSpec extends JsonObject {
  readonly spark_conf?: Readonly<Record<string, string>>;
  readonly spark_env_vars?: Readonly<Record<string, string>>;
}

/** The parts of a task's settings that the server acts on; the rest is kept as given. */
export interface TaskSettings extends JsonObject {
  readonly task_key: string;
  readonly depends_on?: readonly { readonly task_key: string }[];
  readonly run_if?: string;
  readonly notebook_task: {
    readonly notebook_path: string;
    readonly base_parameters?: Readonly<Record<string, string>>;
    readonly source?: string;
  };
  readonly max_retries?: number;
  readonly min_retry_interval_millis?: number;
  readonly retry_on_timeout?: boolean;
  readonly timeout_seconds?: number;
  readonly disabled?: boolean;
  readonly libraries?: readonly JsonObject[];
  readonly job_cluster_key?: string;
  readonly new_cluster?: ClusterSpec;
}

/** Settings of a job, normalised. */
export interface JobSettings extends JsonObject {
  readonly name: string;
  readonly tasks: readonly TaskSettings[];
  readonly parameters?: readonly { readonly name: string; readonly default: string }[];
  readonly max_concurrent_runs?: number;
  readonly timeout_seconds?: number;
  readonly queue?: { readonly enabled: boolean };
  readonly job_clusters?: readonly { readonly job_cluster_key: string; readonly new_cluster: ClusterSpec }[];
}

/** A job. Submitted runs have one too, which is not listed. */
export interface JobRecord {
  readonly jobId: number;
  readonly createdTime: number;
  readonly settings: JobSettings;
}

/** How one execution of a run ended: the original one, or a repair. */
export interface Ending {
  readonly endTime: number;
  readonly outcome?: Outcome;
  readonly stopReason?: StopReason;
}

/** One repair of a job run. */
export interface Repair {
  readonly id: number;
  readonly startTime: number;
  readonly taskRunIds: readonly number[];
  /** Absent for the newest, whose state is that of the run. */
  readonly ending?: Ending;
}

/** A job run. Times are epoch milliseconds. */
export interface RunRecord {
  readonly runId: number;
  readonly jobId: number;
  readonly runType: "JOB_RUN" | "WORKFLOW_RUN" | "SUBMIT_RUN";
  readonly runName: string;
  readonly settings: JobSettings;
  readonly queue: boolean;
  readonly jobParameters: readonly { readonly name: string; readonly default?: string; readonly value: string }[];
  readonly notebookParams: Readonly<Record<string, string>>;
  /** Absent in records of older versions, which knew no other than ONE_TIME. */
  readonly trigger?: RunTrigger;
  readonly createdTime: number;
  phase: "queued" | "active" | "terminating" | "done";
  startTime: number;
  endTime: number;
  stopReason?: StopReason;
  outcome?: Outcome;
  /** How the run had ended before its first repair. */
  original?: Ending;
  repairs: Repair[];
}

/** One attempt of one task of a job run. */
export interface TaskRunRecord {
  readonly runId: number;
  readonly jobRunId: number;
  readonly taskKey: string;
  readonly attempt: number;
  readonly originalRunId: number;
  phase: "blocked" | "pending" | "waiting" | "launched" | "running" | "terminating" | "done";
  /** Epoch milliseconds before which a retry does not start. */
  notBefore: number;
  startTime: number;
  setupMs: number;
  executionMs: number;
  endTime: number;
  stopReason?: StopReason;
  outcome?: Outcome;
  parameters?: Readonly<Record<string, string>>;
  /** What the cluster could not honour. */
  warnings?: readonly string[];
  result?: string;
  truncated?: boolean;
  error?: string;
  errorTrace?: string;
}

/** The newest attempt of every task, in the order of the settings. */
export function latestAttempts(run: RunRecord, tasks: readonly TaskRunRecord[]): TaskRunRecord[] {
  const newest = new Map<string, TaskRunRecord>();
  for (const task of tasks) {
    const known = newest.get(task.taskKey);
    if (!known || known.attempt < task.attempt) newest.set(task.taskKey, task);
  }
  return run.settings.tasks.flatMap((settings) => newest.get(settings.task_key) ?? []);
}

/** The specification of the cluster that a task asks for; empty when it asks for none. */
export function clusterOf(settings: JobSettings, task: TaskSettings): ClusterSpec {
  const shared = settings.job_clusters?.find((cluster) => cluster.job_cluster_key === task.job_cluster_key);
  return task.new_cluster ?? shared?.new_cluster ?? {};
}
