import type { StepResult, StepAttempt, StepOutcome } from "../domain/activity-types";
import { jobParameters } from "../domain/job-parameters";
import type { StepDefinition } from "../domain/pipeline-definition";
import { idempotencyToken } from "../domain/tokens";
import { RunNotFoundError } from "../errors";
import type { StoredRun } from "../ledger/run-store";
import { isClosed } from "../domain/run";
import type { GenerationRecord } from "../domain/generation";
import { callDatabricks, faultText } from "../runs/databricks-call";
import type { Activity, ActivityDeps } from "../runs/deps";
import { outcomeOf, recordFailure } from "../runs/step-records";

const cancelled: StepOutcome = {
  kind: "failed",
  cause: "cancelled",
  code: "CANCEL_REQUESTED",
  message: "cancelled before the job was started",
};

/** Starts one generation: the intent goes into the ledger first, then run-now with its token, then the run id (I3). */
export function createStartStep(deps: ActivityDeps): Activity<StepAttempt, StepResult> {
  const { ledger, jobs } = deps;

  async function intend({ run }: StoredRun, step: StepDefinition, input: StepAttempt): Promise<GenerationRecord> {
    const { runId, attempt, ordinal, generation } = input;
    return ledger.generations.intend({
      ...{ runId, attempt, ordinal, generation, step: step.name, job: `${deps.jobNamePrefix}${step.job}` },
      idempotencyToken: idempotencyToken(deps.deploymentId, run.runId, step.name, generation),
      intendedAt: ledger.now().toISOString(),
    });
  }

  async function runNow({ run }: StoredRun, step: StepDefinition, intent: GenerationRecord): Promise<StepResult> {
    const { runId, ordinal, generation } = intent;
    const result = await callDatabricks(ledger, async () => {
      const jobId = await jobs.findJobId(intent.job);
      const parameters = jobParameters(run, step, deps.settings);
      const databricksRunId = await jobs.runNow({
        jobId,
        idempotencyToken: intent.idempotencyToken,
        jobParameters: parameters,
      });
      return { jobId, databricksRunId };
    });
    if (result.kind === "wait") {
      await ledger.generations.change(runId, ordinal, generation, () => ({ lastFault: result.fault }));
      return { kind: "wait", seconds: result.seconds, cancelRequested: false, fault: result.fault };
    }
    const { jobId, databricksRunId } = result.value;
    const startedAt = ledger.now().toISOString();
    await ledger.generations.linkDatabricksRun(databricksRunId, { runId, ordinal, generation });
    await ledger.generations.change(runId, ordinal, generation, (record) =>
      record.databricksRunId === null ? { databricksRunId, jobId, startedAt, lastFault: null } : null,
    );
    return { kind: "running", cancelRequested: false };
  }

  return async (input, { log }) => {
    const { runId, attempt, ordinal, generation } = input;
    const stored = await ledger.runs.find(runId);
    const step = stored?.definition.steps[ordinal];
    if (!stored || !step || isClosed(stored.run.state) || stored.run.attempt !== attempt)
      return { kind: "ended", outcome: cancelled };
    const intent = await intend(stored, step, input);
    if (intent.verdict !== null) return { kind: "ended", outcome: outcomeOf(intent) };
    if (intent.databricksRunId !== null)
      return { kind: "running", cancelRequested: stored.run.cancelRequestedAt !== null };
    if (stored.run.cancelRequestedAt !== null) return { kind: "ended", outcome: cancelled };
    try {
      const answer = await runNow(stored, step, intent);
      log.info("step started", { runId, attempt, step: step.name, generation, answer: answer.kind });
      return answer;
    } catch (error) {
      const cause = error instanceof RunNotFoundError ? "deleted" : "configuration";
      log.error("step could not be started", { runId, attempt, step: step.name, generation, fault: faultText(error) });
      const verdict = {
        cause,
        code: errorCode(error),
        message: `job ${intent.job} could not be started: ${faultText(error)}`,
      } as const;
      return { kind: "ended", outcome: await recordFailure(ledger, input, verdict) };
    }
  };
}

/** Databricks' own code where there is one; storage faults of ours are not caught here but retried by the orchestration. */
function errorCode(error: unknown): string {
  if (error instanceof Error && "errorCode" in error && typeof error.errorCode === "string") return error.errorCode;
  throw error;
}
