import type { PollInput, StepResult } from "../domain/activity-types";
import { checkExit } from "../domain/exit-json";
import type { GenerationRecord } from "../domain/generation";
import { exitBlob } from "../domain/ids";
import { notebookError, type NotebookError } from "../domain/notebook-error";
import type { FailedVerdict } from "../domain/verdict";
import type { GenerationChange } from "../ledger/generation-rows";
import type { Ledger } from "../ledger/ledger";
import type { StoredRun } from "../ledger/run-store";
import { boundedText } from "../logging/redact";
import { noteSetAside } from "../runs/quarantine/set-aside";
import type { OutputFault, RunSnapshot } from "../runs/read-run";
import { observed, outcomeOf, recordFailure, SEEN, type Failure } from "../runs/step-records";

const MAX_MESSAGE = 2000;
const LOOK_AGAIN_SECONDS = 5;

/** How long an ended run may owe its output: Databricks answers `INVALID_STATE`, or nothing, for a moment after the end. */
const OUTPUT_GRACE_SECONDS: Readonly<Record<OutputFault["kind"] | "empty", number>> = {
  empty: 15,
  refused: 120,
  forbidden: 600,
  unanswered: 600,
};

/** A generation that is looked at, with all that its verdict needs. */
export interface Judged {
  readonly input: PollInput;
  readonly stored: StoredRun;
  readonly record: GenerationRecord;
  readonly snapshot: RunSnapshot;
}

/** What the app did to the run explains a cancelled one better than Databricks can. */
function stopped({ input, stored: { definition } }: Judged): Failure | null {
  if (input.stopping === "timedOut") {
    const limit = definition.steps[input.ordinal]?.timeoutSeconds ?? 0;
    return { cause: "timedOut", code: "STEP_TIMED_OUT", message: `cancelled after the step's limit of ${limit} s` };
  }
  if (input.stopping === "runTimedOut") {
    const message = `cancelled after the run's limit of ${definition.timeoutSeconds} s`;
    return { cause: "timedOut", code: "RUN_TIMED_OUT", message };
  }
  return null;
}

function failureOf(verdict: FailedVerdict, judged: Judged): Failure {
  const own = verdict.cause === "cancelled" ? stopped(judged) : null;
  if (own !== null) return own;
  const message = boundedText(judged.snapshot.output?.error ?? verdict.message, MAX_MESSAGE);
  return { cause: verdict.cause, code: verdict.code, message };
}

function errorOf({ snapshot: { output } }: Judged): NotebookError | null {
  return notebookError(output?.error, output?.errorTrace);
}

/** Why the output is worth another look; null when it is there, or is not to be had. */
function missingOutput({ input, record, snapshot }: Judged, now: Date): string | null {
  const { verdict, output, outputFault } = snapshot;
  const empty = verdict.kind === "succeeded" && outputFault === null && !output?.result;
  if (outputFault === null && !empty) return null;
  const waited = record.endSeenAt === null ? 0 : (now.getTime() - Date.parse(record.endSeenAt)) / 1000;
  // Whoever asked for the end does not wait for the last word of the run.
  if (input.stopping !== null || waited >= OUTPUT_GRACE_SECONDS[outputFault?.kind ?? "empty"]) return null;
  return outputFault?.text ?? "the run ended, and its output is not there yet";
}

/** A run that is called successful but whose output cannot be read: nothing is proven. */
function unproven(judged: Judged, { kind, text }: OutputFault): Failure {
  const message = `the job ended, but its output could not be read: ${text}`;
  const own = stopped(judged);
  if (own !== null) return own;
  if (judged.input.stopping === "cancelled") return { cause: "cancelled", code: "RESULT_NOT_READ", message };
  return { cause: kind === "forbidden" ? "configuration" : "platform", code: "OUTPUT_UNREADABLE", message };
}

/** A run that Databricks calls successful: a success only with an exit JSON that proves it (I5). */
async function prove(ledger: Ledger, judged: Judged, seen: GenerationChange): Promise<GenerationRecord> {
  const { input, stored, record, snapshot } = judged;
  const { runId, ordinal, generation } = input;
  if (snapshot.outputFault !== null) return recordFailure(ledger, input, unproven(judged, snapshot.outputFault), seen);
  const readsManifest = stored.definition.steps[ordinal]?.readsManifest === true;
  const expected = { step: record.step, runId, readsManifest, filesInManifest: stored.run.batch.drops };
  const check = checkExit(snapshot.output?.result, snapshot.output?.truncated === true, expected);
  if (!check.ok) {
    const { code, message } = check;
    return recordFailure(ledger, input, { cause: "code", code, message }, seen);
  }
  // Before the verdict: what was set aside is never forgotten.
  await noteSetAside(ledger, stored.run, check.exit);
  const path = exitBlob(runId, record.step, generation);
  await ledger.blobs.createJson(ledger.containers.batches, path, check.exit);
  const proof = {
    endedAt: ledger.now().toISOString(),
    terminal: true,
    needsPerson: null,
    status: check.exit.status,
    exit: check.exit,
    exitPath: path,
  };
  const success = { kind: "succeeded", cause: null, code: "SUCCESS", message: check.exit.reason ?? "" } as const;
  return ledger.generations.change(runId, ordinal, generation, (current) =>
    current.verdict === null ? { ...seen, ...proof, verdict: success } : null,
  );
}

/** Records what a look proves. */
export async function judgeStep(ledger: Ledger, judged: Judged): Promise<StepResult> {
  const { input, snapshot, stored } = judged;
  const { run, verdict } = snapshot;
  const seen = { ...observed(run, stored.definition.steps[input.ordinal]?.task), ...SEEN, needsPerson: null };
  const note = async (change: GenerationChange): Promise<unknown> =>
    ledger.generations.change(input.runId, input.ordinal, input.generation, (current) =>
      current.verdict === null ? change : null,
    );
  if (verdict.kind === "running") {
    await note(seen);
    return { kind: "running", cancelRequested: false };
  }
  const missing = missingOutput(judged, ledger.now());
  if (missing !== null) {
    await note({ ...seen, endSeenAt: judged.record.endSeenAt ?? ledger.now().toISOString() });
    return { kind: "wait", seconds: LOOK_AGAIN_SECONDS, cancelRequested: false, fault: missing };
  }
  const ended = { ...seen, taskRunId: verdict.taskRunId ?? null };
  const after =
    verdict.kind === "succeeded"
      ? await prove(ledger, judged, ended)
      : await recordFailure(ledger, input, failureOf(verdict, judged), { ...ended, error: errorOf(judged) });
  return { kind: "ended", outcome: outcomeOf(after) };
}
