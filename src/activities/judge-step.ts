import type { PollInput, StepOutcome } from "../domain/activity-types";
import { checkExit } from "../domain/exit-json";
import { exitBlob } from "../domain/ids";
import type { FailedVerdict } from "../domain/verdict";
import type { GenerationChange } from "../ledger/generation-store";
import type { Ledger } from "../ledger/ledger";
import type { StoredRun } from "../ledger/run-store";
import type { GenerationRecord } from "../domain/generation";
import { boundedText } from "../logging/redact";
import type { RunSnapshot } from "../runs/read-run";
import { observed, outcomeOf, recordFailure, type Failure } from "../runs/step-records";

const MAX_MESSAGE = 2000;

/** A generation that is looked at, with all that its verdict needs. */
export interface Judged {
  readonly input: PollInput;
  readonly stored: StoredRun;
  readonly record: GenerationRecord;
  readonly look: RunSnapshot;
}

function failureOf(verdict: FailedVerdict, { input, stored, look }: Judged): Failure {
  if (input.stopping === "timedOut" && verdict.cause === "cancelled") {
    const limit = stored.definition.steps[input.ordinal]?.timeoutSeconds ?? 0;
    return { cause: "timedOut", code: "STEP_TIMED_OUT", message: `cancelled after the step's limit of ${limit} s` };
  }
  const message = boundedText(look.output?.error ?? verdict.message, MAX_MESSAGE);
  return { cause: verdict.cause, code: verdict.code, message };
}

/** A run that Databricks calls successful: a success only with an exit JSON that proves it (I5). */
async function prove(ledger: Ledger, judged: Judged, seen: GenerationChange): Promise<StepOutcome> {
  const { input, stored, record, look } = judged;
  const { runId, ordinal, generation } = input;
  const { output } = look;
  const readsManifest = stored.definition.steps[ordinal]?.readsManifest === true;
  const expected = { step: record.step, runId, readsManifest, filesInManifest: stored.run.batch.drops };
  const check = checkExit(output?.result, output?.truncated === true, expected);
  if (!check.ok) {
    const message =
      output?.refusal === undefined
        ? check.message
        : `${check.message}; its output could not be read: ${output.refusal}`;
    return recordFailure(ledger, input, { cause: "code", code: check.code, message }, seen);
  }
  const path = exitBlob(runId, record.step, generation);
  await ledger.blobs.createJson(ledger.containers.batches, path, check.exit);
  const proof = {
    endedAt: ledger.now().toISOString(),
    terminal: true,
    status: check.exit.status,
    exit: check.exit,
    exitPath: path,
  };
  const success = { kind: "succeeded", cause: null, code: "SUCCESS", message: check.exit.reason ?? "" } as const;
  const after = await ledger.generations.change(runId, ordinal, generation, (current) =>
    current.verdict === null ? { ...seen, ...proof, verdict: success } : null,
  );
  return outcomeOf(after);
}

/** Records what a look proves. Null while the run goes on. */
export async function judgeStep(ledger: Ledger, judged: Judged): Promise<StepOutcome | null> {
  const { input, look } = judged;
  const { verdict, run } = look;
  const seen = run ? observed(run) : {};
  if (verdict.kind === "succeeded") return prove(ledger, judged, { ...seen, taskRunId: verdict.taskRunId });
  if (verdict.kind === "failed") {
    return recordFailure(ledger, input, failureOf(verdict, judged), { ...seen, taskRunId: verdict.taskRunId ?? null });
  }
  if (!verdict.known && input.giveUpUnknown) {
    const message = `Databricks reports state "${verdict.state}", which nobody here knows, and the run did not end when cancelled`;
    return recordFailure(ledger, input, { cause: "unknown", code: "UNKNOWN_STATE", message }, seen);
  }
  await ledger.generations.change(input.runId, input.ordinal, input.generation, (current) =>
    current.verdict === null ? seen : null,
  );
  return null;
}
