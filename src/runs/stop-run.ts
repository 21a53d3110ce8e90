import { judgeRun, deletedRunVerdict, type RunVerdict } from "../domain/verdict";
import type { JobRun } from "../domain/job-run";
import { JobNotFoundError, RunNotFoundError } from "../errors";
import type { GenerationRecord } from "../domain/generation";
import { callDatabricks, type CallResult } from "./databricks-call";
import type { ActivityDeps } from "./deps";
import { observed, recordFailure } from "./step-records";

/**
 * Finds the Databricks run of an intent whose run-now was never seen to answer: an active run of the job whose parameters name
 * our run. Runs of others are never touched (I6).
 */
async function adopt({ ledger, jobs }: ActivityDeps, record: GenerationRecord): Promise<string | null> {
  const jobId = await jobs.findJobId(record.job).catch((error: unknown) => {
    if (error instanceof JobNotFoundError) return null;
    throw error;
  });
  if (jobId === null) return null;
  const known = new Set((await ledger.generations.list(record.runId)).map((generation) => generation.databricksRunId));
  const active = await jobs.listActiveRuns(jobId);
  const own = active.find((run) => run.jobParameters["run_id"] === record.runId && !known.has(run.runId));
  if (!own) return null;
  const { runId, ordinal, generation } = record;
  await ledger.generations.linkDatabricksRun(own.runId, { runId, ordinal, generation });
  await ledger.generations.change(runId, ordinal, generation, (current) =>
    current.databricksRunId === null ? { databricksRunId: own.runId, jobId } : null,
  );
  return own.runId;
}

async function read(
  { jobs }: ActivityDeps,
  databricksRunId: string,
): Promise<{ run: JobRun | null; verdict: RunVerdict }> {
  try {
    const run = await jobs.getRun(databricksRunId);
    return { run, verdict: judgeRun(run) };
  } catch (error) {
    if (error instanceof RunNotFoundError) return { run: null, verdict: deletedRunVerdict(databricksRunId) };
    throw error;
  }
}

/** Asks Databricks to end the run of a generation; it is terminal some time later. */
export async function cancelGeneration(deps: ActivityDeps, record: GenerationRecord): Promise<CallResult<void>> {
  return callDatabricks(deps.ledger, async () => {
    const databricksRunId = record.databricksRunId ?? (await adopt(deps, record));
    if (databricksRunId !== null) await deps.jobs.cancelRun(databricksRunId);
  });
}

/**
 * Brings one generation nearer to its end: cancels what runs, records what ended. A run that ended well after all is recorded as
 * cancelled, since nobody waited for its proof; a retry repeats the step, which changes nothing that is there (I8).
 * @returns true when the generation is terminal
 */
export async function settleGeneration(deps: ActivityDeps, record: GenerationRecord): Promise<boolean> {
  if (record.terminal) return true;
  const { attempt, runId, ordinal, generation } = record;
  const step = { runId, attempt, ordinal, generation };
  const result = await callDatabricks(deps.ledger, async () => {
    const databricksRunId = record.databricksRunId ?? (await adopt(deps, record));
    if (databricksRunId === null) {
      await recordFailure(deps.ledger, step, {
        cause: "cancelled",
        code: "NEVER_STARTED",
        message: "ended before the job was started",
      });
      return true;
    }
    const { run, verdict } = await read(deps, databricksRunId);
    if (verdict.kind === "running") {
      await deps.jobs.cancelRun(databricksRunId);
      return false;
    }
    const seen = run ? observed(run) : {};
    const failure =
      verdict.kind === "failed"
        ? { cause: verdict.cause, code: verdict.code, message: verdict.message }
        : ({
            cause: "cancelled",
            code: "RESULT_NOT_READ",
            message: "the job ended while nobody waited for it",
          } as const);
    await recordFailure(deps.ledger, step, failure, seen);
    return true;
  });
  return result.kind === "value" && result.value;
}
