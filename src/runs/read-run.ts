import type { JobsClient, TaskOutput } from "../databricks/jobs-client";
import type { JobRun } from "../domain/job-run";
import { judgeRun, judgeTask, type RunVerdict } from "../domain/verdict";
import { DatabricksApiError, RunNotFoundError } from "../errors";
import { faultText, isTransient } from "./databricks-call";

/** Why the output of an ended task could not be read: refused by Databricks, or not answered at all. */
export interface OutputFault {
  readonly kind: "forbidden" | "refused" | "unanswered";
  readonly text: string;
}

/** What one look at a Databricks run shows. */
export interface RunSnapshot {
  readonly run: JobRun;
  readonly verdict: RunVerdict;
  /** Output of the deciding task of a terminal run; null when there is none, or it could not be read. */
  readonly output: TaskOutput | null;
  readonly outputFault: OutputFault | null;
}

type OutputResult = Pick<RunSnapshot, "output" | "outputFault">;

/** The output of a task. A fault here never hides that the run has ended. */
async function outputOf(jobs: JobsClient, taskRunId: string): Promise<OutputResult> {
  try {
    return { output: await jobs.getTaskOutput(taskRunId), outputFault: null };
  } catch (error) {
    // A 429 holds every caller back, which is for `callDatabricks` to note.
    if (!(error instanceof DatabricksApiError) || error.status === 429) throw error;
    const forbidden = error.status === 401 || error.status === 403;
    const kind = forbidden ? "forbidden" : isTransient(error) ? "unanswered" : "refused";
    return { output: null, outputFault: { kind, text: faultText(error) } };
  }
}

/**
 * Reads a run and its verdict, or that of one of its tasks. Null when Databricks says that there is no such run, which one answer
 * does not prove.
 */
export async function readVerdict(
  jobs: JobsClient,
  databricksRunId: string,
  task?: string,
): Promise<Pick<RunSnapshot, "run" | "verdict"> | null> {
  try {
    const run = await jobs.getRun(databricksRunId);
    return { run, verdict: task === undefined ? judgeRun(run) : judgeTask(run, task) };
  } catch (error) {
    if (error instanceof RunNotFoundError) return null;
    throw error;
  }
}

/** Reads a run, its verdict and, when it is terminal, the output of the task that decides. Null as `readVerdict`. */
export async function readRun(jobs: JobsClient, databricksRunId: string, task?: string): Promise<RunSnapshot | null> {
  const seen = await readVerdict(jobs, databricksRunId, task);
  if (seen === null) return null;
  const taskRunId = seen.verdict.kind === "running" ? undefined : seen.verdict.taskRunId;
  const output: OutputResult =
    taskRunId === undefined ? { output: null, outputFault: null } : await outputOf(jobs, taskRunId);
  return { ...seen, ...output };
}
