import type { JobRun } from "../domain/job-run";

/** What one run-now call needs. */
export interface RunNowRequest {
  readonly jobId: string;
  /** At most 64 characters; a token that was used before returns the run that it started. */
  readonly idempotencyToken: string;
  readonly jobParameters: Readonly<Record<string, string>>;
  /** Keys of the tasks to run; all of the job's without it. */
  readonly only?: readonly string[];
}

/** What a notebook task left behind. */
export interface TaskOutput {
  /** The value of `dbutils.notebook.exit`; absent when it was never called or the task failed. */
  readonly result?: string;
  /** True when Databricks cut `result`. */
  readonly truncated: boolean;
  /** `ExceptionType: message`, bounded. */
  readonly error?: string;
  /** Traceback without colour codes, bounded. */
  readonly errorTrace?: string;
}

/**
 * The Databricks Jobs API, as far as the app needs it. Ids are decimal strings.
 *
 * Every method throws `DatabricksApiError` when the call failed for good.
 */
export interface JobsClient {
  /** The id of the one job with exactly this name. @throws JobNotFoundError when there is none or more than one. */
  findJobId(name: string): Promise<string>;
  /** Starts a run, or returns the one that the token started before. Returns the run id. @throws RunNotFoundError when that one was deleted. */
  runNow(request: RunNowRequest): Promise<string>;
  /** @throws RunNotFoundError when Databricks itself says that there is no such run; one answer is no proof. */
  getRun(runId: string): Promise<JobRun>;
  /** Takes a *task* run id. @throws RunNotFoundError when the run was deleted. */
  getTaskOutput(taskRunId: string): Promise<TaskOutput>;
  /** Asks for the end of a run; the run is terminal some time later. A run that ended or is not there is no error. */
  cancelRun(runId: string): Promise<void>;
  /** Runs of a job that are not terminal, newest first, without their tasks; the service may leave out their parameters. */
  listActiveRuns(jobId: string): Promise<JobRun[]>;
  /** Runs of a job that ended and that were started at or after `startedFrom`, newest first, likewise. */
  listCompletedRuns(jobId: string, startedFrom: Date): Promise<JobRun[]>;
}
