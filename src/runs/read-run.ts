import type { JobsClient } from "../databricks/jobs-client";
import type { JobRun } from "../domain/job-run";
import { deletedRunVerdict, judgeRun, type RunVerdict } from "../domain/verdict";
import { DatabricksApiError, RunNotFoundError } from "../errors";
import { faultText, isTransient } from "./databricks-call";

/** What one look at a Databricks run shows. */
export interface RunSnapshot {
  /** Null when Databricks no longer knows the run. */
  readonly run: JobRun | null;
  readonly verdict: RunVerdict;
  /** Output of the deciding task of a terminal run. `refusal` says why it could not be read. */
  readonly output: {
    readonly result?: string;
    readonly truncated: boolean;
    readonly error?: string;
    readonly refusal?: string;
  } | null;
}

/** The output of a task; one that Databricks refuses to give proves nothing, and the refusal becomes the explanation. */
async function outputOf(jobs: JobsClient, taskRunId: string): Promise<RunSnapshot["output"]> {
  try {
    return await jobs.getTaskOutput(taskRunId);
  } catch (error) {
    if (!(error instanceof DatabricksApiError) || error.status === 401 || isTransient(error)) throw error;
    return { truncated: false, refusal: faultText(error) };
  }
}

/** Reads a run, its verdict and, when it is terminal, the output of the task that decides. */
export async function readRun(jobs: JobsClient, databricksRunId: string): Promise<RunSnapshot> {
  try {
    const run = await jobs.getRun(databricksRunId);
    const verdict = judgeRun(run);
    const taskRunId = verdict.kind === "running" ? undefined : verdict.taskRunId;
    return { run, verdict, output: taskRunId === undefined ? null : await outputOf(jobs, taskRunId) };
  } catch (error) {
    if (error instanceof RunNotFoundError)
      return { run: null, verdict: deletedRunVerdict(databricksRunId), output: null };
    throw error;
  }
}
