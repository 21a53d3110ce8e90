import type { StepResult, StepAttempt, StepOutcome } from "../domain/activity-types";
import { mayHaveStarted, type GenerationRecord } from "../domain/generation";
import type { StepDefinition } from "../domain/pipeline-definition";
import { isClosed } from "../domain/run";
import { idempotencyToken } from "../domain/tokens";
import { deletedRunVerdict } from "../domain/verdict";
import type { DatabricksApiError } from "../errors";
import { confirmTokenGone } from "../runs/absence";
import { callPatiently, faultText } from "../runs/databricks-call";
import type { Activity, ActivityDeps } from "../runs/deps";
import { noteFault, outcomeOf, recordFailure } from "../runs/step-records";
import { joinSharedRun } from "../runs/shared-run";
import { foreignWorkspace, settleGeneration } from "../runs/stop-run";
import { submitRun } from "../runs/submit-run";

const WAIT_SECONDS = 30;
/** Until somebody sets DATABRICKS_HOST back. */
const FOREIGN_SECONDS = 300;

const cancelled: StepOutcome = {
  kind: "failed",
  cause: "cancelled",
  code: "CANCEL_REQUESTED",
  message: "cancelled before the job was started",
};

const ended = (outcome: StepOutcome): StepResult => ({ kind: "ended", outcome });
const wait = (seconds: number, fault: string): StepResult => ({ kind: "wait", seconds, cancelRequested: false, fault });

/** How a generation that was decided or started before stands; null for one that was not. */
function standing(record: GenerationRecord, cancelRequested: boolean): StepResult | null {
  if (record.verdict !== null) return ended(outcomeOf(record));
  return record.databricksRunId === null ? null : { kind: "running", cancelRequested };
}

/** The intent of a generation, as it was recorded first. */
async function intend(deps: ActivityDeps, input: StepAttempt, step: StepDefinition): Promise<GenerationRecord> {
  const { ledger, deploymentId, jobNamePrefix } = deps;
  const { runId, attempt, ordinal, generation } = input;
  return ledger.generations.intend({
    runId,
    attempt,
    ordinal,
    generation,
    step: step.name,
    job: `${jobNamePrefix}${step.job}`,
    idempotencyToken: idempotencyToken(deploymentId, runId, step.name, generation),
    intendedAt: ledger.now().toISOString(),
  });
}

/** Ends what other generations of the run left active, such as a late start of an earlier attempt. True when nothing is. */
async function isAlone(deps: ActivityDeps, { runId, ordinal, generation }: GenerationRecord): Promise<boolean> {
  let alone = true;
  for (const other of await deps.ledger.generations.list(runId)) {
    if (other.ordinal === ordinal && other.generation === generation) continue;
    if (!(await settleGeneration(deps, other))) alone = false;
  }
  return alone;
}

/** Why run-now must not be called now; null when nothing stands against it. */
async function obstacle(deps: ActivityDeps, record: GenerationRecord): Promise<StepResult | null> {
  const { ledger } = deps;
  const foreign = foreignWorkspace(deps, record);
  if (foreign !== null) {
    const told = { lastFault: foreign, needsPerson: foreign };
    await ledger.generations.change(record.runId, record.ordinal, record.generation, () => told);
    return wait(FOREIGN_SECONDS, foreign);
  }
  if (await isAlone(deps, record)) return null;
  const fault = "another Databricks run of this run is still active";
  await noteFault(ledger, record, fault);
  return wait(WAIT_SECONDS, fault);
}

/** Nothing was started, and a person has to change something. */
async function refused(deps: ActivityDeps, record: GenerationRecord, error: DatabricksApiError): Promise<StepResult> {
  const message = `job ${record.job} could not be started: ${faultText(error)}`;
  const failure = { cause: "configuration", code: error.errorCode, message } as const;
  const unstarted = (current: GenerationRecord) => current.databricksRunId === null && !mayHaveStarted(current);
  const after = await recordFailure(deps.ledger, record, failure, {}, unstarted);
  return after.verdict === null ? wait(WAIT_SECONDS, message) : ended(outcomeOf(after));
}

/** The token was used, and Databricks says that its run is gone. */
async function gone(deps: ActivityDeps, record: GenerationRecord, lookedAt: Date): Promise<StepResult> {
  const proven = await callPatiently(deps.ledger, async () => confirmTokenGone(deps, record, lookedAt));
  if (proven.kind === "wait") return wait(proven.seconds, proven.fault);
  if (!proven.value) return wait(WAIT_SECONDS, record.lastFault ?? "Databricks says that the run is gone");
  return ended(outcomeOf(await recordFailure(deps.ledger, record, deletedRunVerdict("of the step's token"))));
}

/** Starts one generation: the intent goes into the ledger first, then the count of the call, then run-now, then the run id (I3). */
export function createStartStep(deps: ActivityDeps): Activity<StepAttempt, StepResult> {
  return async (input, { log }) => {
    const { runId, attempt, ordinal, generation } = input;
    const stored = await deps.ledger.runs.find(runId);
    const step = stored?.definition.steps[ordinal];
    if (!stored || !step || isClosed(stored.run.state) || stored.run.attempt !== attempt) return ended(cancelled);
    const record = await intend(deps, input, step);
    const cancelRequested = stored.run.cancelRequestedAt !== null;
    const known = standing(record, cancelRequested);
    if (known !== null) return known;
    if (cancelRequested) return ended(cancelled);
    if (await joinSharedRun(deps, stored.definition.steps, record)) return { kind: "running", cancelRequested: false };
    const held = await obstacle(deps, record);
    if (held !== null) return held;
    const submittedAt = deps.ledger.now();
    const submission = await submitRun(deps, stored, step, record);
    log.info("step submitted", { runId, attempt, step: step.name, generation, result: submission.kind });
    switch (submission.kind) {
      case "started":
        return { kind: "running", cancelRequested: false };
      case "wait":
        return wait(submission.seconds, submission.fault);
      case "withdrawn":
        return (submission.record && standing(submission.record, false)) ?? ended(cancelled);
      case "gone":
        return gone(deps, submission.record, submittedAt);
      case "refused":
        log.error("step could not be started", { runId, step: step.name, fault: faultText(submission.error) });
        return refused(deps, record, submission.error);
    }
  };
}
