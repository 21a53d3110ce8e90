import type { StepAttempt, StepOutcome } from "../domain/activity-types";
import type { JobRun } from "../domain/job-run";
import type { FailureCause } from "../domain/verdict";
import type { GenerationChange } from "../ledger/generation-store";
import type { Ledger } from "../ledger/ledger";
import type { GenerationRecord } from "../domain/generation";

/** Why a generation failed. */
export interface Failure {
  readonly cause: FailureCause;
  readonly code: string;
  readonly message: string;
}

/** The outcome that a recorded verdict stands for. */
export function outcomeOf({ verdict, status, exit }: GenerationRecord): StepOutcome {
  if (verdict === null) throw new Error("the generation has no verdict yet");
  if (verdict.kind === "succeeded") {
    const known = status === "not_ready" || status === "nothing_to_do" ? status : "ok";
    return { kind: "succeeded", status: known, reason: exit?.reason ?? null };
  }
  return { kind: "failed", cause: verdict.cause as FailureCause, code: verdict.code, message: verdict.message };
}

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** What a run read from Databricks says about its generation, verdict aside. */
export function observed(run: JobRun): GenerationChange {
  const { state, url, startTimeMs, endTimeMs } = run;
  const times =
    startTimeMs !== undefined && endTimeMs !== undefined ? { durationSeconds: (endTimeMs - startTimeMs) / 1000 } : {};
  return {
    lifeCycleState: state.lifeCycleState ?? state.statusState ?? null,
    resultState: state.resultState ?? state.terminationCode ?? null,
    ...(url === undefined ? {} : { url }),
    ...(startTimeMs === undefined ? {} : { startedAt: iso(startTimeMs) }),
    ...times,
    lastFault: null,
  };
}

/** Records a failure once: a verdict that is there already stays. Returns what is recorded. */
export async function recordFailure(
  ledger: Ledger,
  { runId, ordinal, generation }: StepAttempt,
  { cause, code, message }: Failure,
  seen: GenerationChange = {},
): Promise<StepOutcome> {
  const endedAt = ledger.now().toISOString();
  const record = await ledger.generations.change(runId, ordinal, generation, (current) =>
    current.verdict === null
      ? { ...seen, endedAt, terminal: true, verdict: { kind: "failed", cause, code, message } }
      : null,
  );
  return outcomeOf(record);
}
