import type { StepOutcome } from "../domain/activity-types";
import { lastAttempts, type JobRun } from "../domain/job-run";
import type { FailureCause } from "../domain/verdict";
import type { GenerationChange, GenerationKey } from "../ledger/generation-rows";
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

/**
 * What a run read from Databricks says about its generation, verdict aside. A step that is one task of a run that ended has that
 * task's state and times, so that no second is counted twice.
 */
export function observed(run: JobRun, taskKey?: string): GenerationChange {
  const task = run.endTimeMs === undefined ? undefined : lastAttempts(run.tasks).find((one) => one.taskKey === taskKey);
  const { url } = run;
  const { state, startTimeMs, endTimeMs } = task ?? run;
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

/** Takes back what looks that found no such run noted. */
export const SEEN: GenerationChange = { absentSince: null, absentLooks: 0 };

/** Notes why a call about a generation has to be made again. */
export async function noteFault(ledger: Ledger, key: GenerationKey, lastFault: string): Promise<GenerationRecord> {
  return ledger.generations.change(key.runId, key.ordinal, key.generation, (current) =>
    current.verdict === null && current.lastFault !== lastFault ? { lastFault } : null,
  );
}

/**
 * Records a failure once: a verdict that is there already stays. `proven` looks at the row as it is written over, for proofs that
 * another writer may have overtaken.
 */
export async function recordFailure(
  ledger: Ledger,
  { runId, ordinal, generation }: GenerationKey,
  { cause, code, message }: Failure,
  seen: GenerationChange = {},
  proven: (current: GenerationRecord) => boolean = () => true,
): Promise<GenerationRecord> {
  const endedAt = ledger.now().toISOString();
  const ended = {
    endedAt,
    terminal: true,
    needsPerson: null,
    verdict: { kind: "failed", cause, code, message },
  } as const;
  return ledger.generations.change(runId, ordinal, generation, (current) =>
    current.verdict === null && proven(current) ? { ...seen, ...ended } : null,
  );
}
