import type { PollInput, StepAnswer, StepOutcome } from "../domain/activity-types";
import { checkExit } from "../domain/exit-json";
import { exitBlob } from "../domain/ids";
import type { JobRun } from "../domain/job-run";
import { deletedRunVerdict, judgeRun, type FailedVerdict, type RunVerdict } from "../domain/verdict";
import { DatabricksApiError, RunNotFoundError } from "../errors";
import type { StoredRun } from "../ledger/run-store";
import type { GenerationRecord } from "../ledger/types";
import { boundedText } from "../logging/redact";
import { callDatabricks, faultText, isTransient } from "./databricks-call";
import type { Activity, ActivityDeps } from "./deps";
import { observed, outcomeOf, recordFailure, type Failure } from "./step-records";

const MAX_MESSAGE = 2000;

interface Look {
  readonly run: JobRun | null;
  readonly verdict: RunVerdict;
  readonly output: { readonly result?: string; readonly truncated: boolean; readonly error?: string; readonly refusal?: string } | null;
}

/** Reads a Databricks run and judges it; a terminal one is recorded with its proof (I5). */
export function createPollStep(deps: ActivityDeps): Activity<PollInput, StepAnswer> {
  const { ledger, jobs } = deps;

  async function look(databricksRunId: string): Promise<Look> {
    try {
      const run = await jobs.getRun(databricksRunId);
      const verdict = judgeRun(run);
      const taskRunId = verdict.kind === "running" ? undefined : verdict.taskRunId;
      const output = taskRunId === undefined ? null : await outputOf(taskRunId);
      return { run, verdict, output };
    } catch (error) {
      if (error instanceof RunNotFoundError) return { run: null, verdict: deletedRunVerdict(databricksRunId), output: null };
      throw error;
    }
  }

  /** The output of a task; one that Databricks refuses to give proves nothing, and the refusal becomes the explanation. */
  async function outputOf(taskRunId: string): Promise<Look["output"]> {
    try {
      return await jobs.getTaskOutput(taskRunId);
    } catch (error) {
      if (!(error instanceof DatabricksApiError) || error.status === 401 || isTransient(error)) throw error;
      return { truncated: false, refusal: faultText(error) };
    }
  }

  function failureOf(verdict: FailedVerdict, output: Look["output"], stopping: PollInput["stopping"], timeoutSeconds: number): Failure {
    if (stopping === "timedOut" && verdict.cause === "cancelled") {
      return { cause: "timedOut", code: "STEP_TIMED_OUT", message: `cancelled after the step's limit of ${timeoutSeconds} s` };
    }
    const message = boundedText(output?.error ?? verdict.message, MAX_MESSAGE);
    return { cause: verdict.cause, code: verdict.code, message };
  }

  async function succeed(
    input: PollInput,
    stored: StoredRun,
    record: GenerationRecord,
    { run, output, verdict }: Look,
  ): Promise<StepOutcome> {
    const { runId, ordinal, generation } = input;
    const readsManifest = stored.definition.steps[ordinal]?.readsManifest === true;
    const expected = { step: record.step, runId, readsManifest, filesInManifest: stored.run.batch.drops };
    const check = checkExit(output?.result, output?.truncated === true, expected);
    const taskRunId = verdict.kind === "succeeded" ? verdict.taskRunId : null;
    const seen = { ...(run ? observed(run) : {}), taskRunId };
    if (!check.ok) {
      const message = output?.refusal === undefined ? check.message : `${check.message}; its output could not be read: ${output.refusal}`;
      return await recordFailure(ledger, input, { cause: "code", code: check.code, message }, seen);
    }
    const path = exitBlob(runId, record.step, generation);
    await ledger.blobs.createJson(ledger.containers.batches, path, check.exit);
    const proof = { endedAt: ledger.now().toISOString(), terminal: true, status: check.exit.status, exit: check.exit, exitPath: path };
    const success = { kind: "succeeded", cause: null, code: "SUCCESS", message: check.exit.reason ?? "" } as const;
    const after = await ledger.generations.change(runId, ordinal, generation, (current) =>
      current.verdict === null ? { ...seen, ...proof, verdict: success } : null,
    );
    return outcomeOf(after);
  }

  async function judge(input: PollInput, stored: StoredRun, record: GenerationRecord, seen: Look): Promise<StepOutcome | null> {
    const { verdict, run, output } = seen;
    const { runId, ordinal, generation } = input;
    if (verdict.kind === "succeeded") return await succeed(input, stored, record, seen);
    const change = run ? observed(run) : {};
    if (verdict.kind === "failed") {
      const failure = failureOf(verdict, output, input.stopping, stored.definition.steps[ordinal]?.timeoutSeconds ?? 0);
      return await recordFailure(ledger, input, failure, { ...change, taskRunId: verdict.taskRunId ?? null });
    }
    if (!verdict.known && input.giveUpUnknown) {
      const message = `Databricks reports state "${verdict.state}", which nobody here knows, and the run did not end when cancelled`;
      return await recordFailure(ledger, input, { cause: "unknown", code: "UNKNOWN_STATE", message }, change);
    }
    await ledger.generations.change(runId, ordinal, generation, (current) => (current.verdict === null ? change : null));
    return null;
  }

  return async (input, { log }) => {
    const { runId, ordinal, generation } = input;
    const stored = await ledger.runs.find(runId);
    const record = await ledger.generations.get(runId, ordinal, generation);
    if (!stored || record?.databricksRunId == null) throw new Error(`step ${ordinal} of run ${runId} was never started`);
    const { databricksRunId } = record;
    const cancelRequested = stored.run.cancelRequestedAt !== null;
    if (record.verdict !== null) return { kind: "ended", outcome: outcomeOf(record) };
    const result = await callDatabricks(ledger, async () => await look(databricksRunId)).catch((error: unknown) => {
      // A failed read says nothing about the run (a bad token, for one): look again until the step's limit.
      log.error("Databricks run could not be read", { runId, databricksRunId, fault: faultText(error) });
      return { kind: "wait", seconds: 30, fault: faultText(error) } as const;
    });
    if (result.kind === "wait") {
      await ledger.generations.change(runId, ordinal, generation, () => ({ lastFault: result.fault }));
      return { kind: "wait", seconds: result.seconds, cancelRequested, fault: result.fault };
    }
    const outcome = await judge(input, stored, record, result.value);
    if (outcome === null) return { kind: "started", cancelRequested };
    log.info("step ended", { runId, step: record.step, generation, databricksRunId, outcome: outcome.kind });
    return { kind: "ended", outcome };
  };
}
