import { randomUUID } from "node:crypto";
import { mayHaveStarted, withCall, withRefusal, type GenerationRecord } from "../domain/generation";
import { jobParameters } from "../domain/job-parameters";
import type { StepDefinition } from "../domain/pipeline-definition";
import { isClosed } from "../domain/run";
import { tasksFrom } from "../domain/shared-job";
import { DatabricksApiError } from "../errors";
import type { GenerationKey } from "../ledger/generation-rows";
import type { StoredRun } from "../ledger/run-store";
import { callDatabricks, faultText } from "./databricks-call";
import type { ActivityDeps } from "./deps";
import { noteFault } from "./step-records";

/** How an attempt to submit a generation ended; the record is the one that is in the ledger now. */
export type Submission =
  | { readonly kind: "started"; readonly record: GenerationRecord }
  /** The call is to be made again, with the same token. */
  | { readonly kind: "wait"; readonly seconds: number; readonly fault: string }
  /** No call was carried out, and this one was refused. */
  | { readonly kind: "refused"; readonly error: DatabricksApiError }
  /** An earlier call started a run that Databricks says is gone. */
  | { readonly kind: "gone"; readonly record: GenerationRecord }
  /** No call was made: the run was closed, cancelled or reopened before it, or another execution was faster. */
  | { readonly kind: "withdrawn"; readonly record: GenerationRecord | null };

const WAIT_SECONDS = 30;

/** Thrown inside a submission to leave it without a call. */
class Withdrawn extends Error {}

/** Notes a call before it is sent. From here on the generation may have a run, until the call is known to have done nothing. */
async function begin(deps: ActivityDeps, key: GenerationKey, jobId: string, call: string): Promise<void> {
  const { ledger, workspace } = deps;
  const lastSubmittedAt = ledger.now().toISOString();
  let begun = false;
  await ledger.generations.change(key.runId, key.ordinal, key.generation, (current) => {
    begun = current.verdict === null && current.databricksRunId === null;
    const calls = begun ? withCall(current, call) : null;
    return calls && { ...calls, lastSubmittedAt, jobId, workspace };
  });
  if (!begun) throw new Withdrawn();
}

async function noteRefusal({ ledger }: ActivityDeps, key: GenerationKey, call: string): Promise<void> {
  await ledger.generations.change(key.runId, key.ordinal, key.generation, (current) => withRefusal(current, call));
}

/** Read between the note and the call: whoever closes the run either sees the note, or is seen here. */
async function isWanted(
  { ledger }: ActivityDeps,
  { runId, attempt }: GenerationRecord | StoredRun["run"],
): Promise<boolean> {
  const run = await ledger.runs.get(runId);
  return run !== null && !isClosed(run.state) && run.attempt === attempt && run.cancelRequestedAt === null;
}

async function callRunNow(
  deps: ActivityDeps,
  { run, definition }: StoredRun,
  step: StepDefinition,
  record: GenerationRecord,
): Promise<string> {
  const { jobs, settings, deploymentId } = deps;
  // A token belongs to the job that it was first sent to, even when another has taken the job's name.
  const known = mayHaveStarted(record) ? record.jobId : null;
  const jobId = known ?? (await jobs.findJobId(record.job));
  const call = randomUUID().slice(0, 8);
  await begin(deps, record, jobId, call);
  if (!(await isWanted(deps, run))) {
    await noteRefusal(deps, record, call);
    throw new Withdrawn();
  }
  const only = tasksFrom(definition.steps, record.ordinal);
  try {
    return await jobs.runNow({
      jobId,
      idempotencyToken: record.idempotencyToken,
      jobParameters: jobParameters(run, definition, step, settings, deploymentId),
      ...(only.length > 0 ? { only } : {}),
    });
  } catch (error) {
    if (error instanceof DatabricksApiError && !error.maybeExecuted) await noteRefusal(deps, record, call);
    throw error;
  }
}

/**
 * Records the run of a generation. One whose run comes to light after it was called never started is open again, for whoever
 * settles it next.
 */
export async function recordDatabricksRun(
  { ledger }: ActivityDeps,
  { runId, ordinal, generation }: GenerationKey,
  databricksRunId: string,
): Promise<GenerationRecord> {
  await ledger.generations.linkDatabricksRun(databricksRunId, { runId, ordinal, generation });
  const startedAt = ledger.now().toISOString();
  const seen = { databricksRunId, startedAt, lastFault: null, absentSince: null, absentLooks: 0, needsPerson: null };
  return ledger.generations.change(runId, ordinal, generation, (current) => {
    if (current.databricksRunId !== null) return null;
    return current.terminal ? { ...seen, terminal: false, verdict: null, endedAt: null } : seen;
  });
}

/** Calls run-now for a generation, with its token, and records what is known afterwards. Safe to repeat, also at the same time. */
export async function submitRun(
  deps: ActivityDeps,
  stored: StoredRun,
  step: StepDefinition,
  record: GenerationRecord,
): Promise<Submission> {
  const { ledger } = deps;
  try {
    const result = await callDatabricks(ledger, async () => callRunNow(deps, stored, step, record));
    if (result.kind === "value")
      return { kind: "started", record: await recordDatabricksRun(deps, record, result.value) };
    await noteFault(ledger, record, result.fault);
    return result;
  } catch (error) {
    if (error instanceof Withdrawn) {
      const { runId, ordinal, generation } = record;
      return { kind: "withdrawn", record: await ledger.generations.get(runId, ordinal, generation) };
    }
    if (!(error instanceof DatabricksApiError)) throw error;
    const after = await noteFault(ledger, record, faultText(error));
    if (error.errorCode === "RUN_NOT_FOUND") return { kind: "gone", record: after };
    // After an answer that never came, a refusal of the repeat says nothing about the first call.
    if (mayHaveStarted(after)) return { kind: "wait", seconds: WAIT_SECONDS, fault: faultText(error) };
    return { kind: "refused", error };
  }
}
