import type { GenerationRecord } from "./generation";
import { isClosed, type RunRecord } from "./run";

/** How long what belongs to a closed run is kept, in days after its end; of the pipeline's definition. */
export interface RetentionPolicy {
  /** Histories of its orchestrations. */
  readonly historyDays: number;
  /** Frozen copies, manifest, outcome lists and exit JSON. */
  readonly batchesDays: number;
  /** Its rows in the ledger, and its results. */
  readonly ledgerDays: number;
  /** Messages that nobody took. */
  readonly messagesDays: number;
}

/** What is removed of a run, in this order: nothing goes while something that leads to it stays. */
export const RETENTION_STAGES = ["history", "batch", "ledger"] as const;
export type RetentionStage = (typeof RETENTION_STAGES)[number];

/** What the ledger knows of a run that decides whether anything of it may go. */
export interface RetentionFacts {
  readonly run: RunRecord;
  /** The runs that took its batch over, one after the other: their manifests list its frozen copies. */
  readonly takers: readonly RunRecord[];
  /** Databricks runs of it and of its takers. */
  readonly generations: readonly Pick<GenerationRecord, "terminal" | "needsPerson">[];
  /** Files of it and of its takers in quarantine of which nobody has decided, or whose release is not delivered yet. */
  readonly openInQuarantine: number;
}

/** Why nothing of the run may go yet, or null. Age does not matter to what is open or unproven. */
export function heldBecause({ run, takers, generations, openInQuarantine }: RetentionFacts): string | null {
  const last = takers.at(-1) ?? run;
  if (!isClosed(run.state)) return "it is open";
  if (takers.some(({ state }) => !isClosed(state))) return `run ${last.runId} works on its batch`;
  if (generations.some(({ terminal, needsPerson }) => !terminal || needsPerson !== null))
    return "the end of a Databricks run of it is not proven";
  // A taker that is gone was removed by age itself: then the batch reached its end.
  const isUnfinished = (last.state === "failed" || last.state === "cancelled") && last.supersededBy === null;
  if (isUnfinished && last.frozenAt !== null && last.batch.drops > 0)
    return `the batch of run ${last.runId} never reached its end: retry it, or let a later run take it over`;
  return openInQuarantine > 0 ? `nobody has decided of ${openInQuarantine} files of it in quarantine` : null;
}

const DAY_MS = 86_400_000;
const daysOf = (policy: RetentionPolicy, stage: RetentionStage): number =>
  ({ history: policy.historyDays, batch: policy.batchesDays, ledger: policy.ledgerDays })[stage];

/** Times before which a run must have ended for a stage to be due. */
export function cutoff(policy: RetentionPolicy, stage: RetentionStage, now: Date): Date {
  return new Date(now.getTime() - daysOf(policy, stage) * DAY_MS);
}

/** When an undelivered message is old enough to go. */
export function messageCutoff(policy: RetentionPolicy, now: Date): Date {
  return new Date(now.getTime() - policy.messagesDays * DAY_MS);
}

/** What of a run is due, by the end of the last run that worked on its batch; stages that were done are left out. */
export function dueStages({ run, takers }: RetentionFacts, policy: RetentionPolicy, now: Date): RetentionStage[] {
  const ends = [run, ...takers].map(({ endedAt }) => endedAt ?? now.toISOString()).sort();
  const end = Date.parse(ends.at(-1) ?? now.toISOString());
  const done = { history: run.historyRemovedAt !== undefined, batch: run.batchRemovedAt !== undefined, ledger: false };
  return RETENTION_STAGES.filter((stage) => !done[stage] && end < cutoff(policy, stage, now).getTime());
}
