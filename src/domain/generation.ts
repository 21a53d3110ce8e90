import type { ExitJson } from "./exit-json";
import type { NotebookError } from "./notebook-error";

/** The stored judgement of one terminal Databricks run. */
export interface StoredVerdict {
  readonly kind: "succeeded" | "failed";
  /** Failure class (see `domain/verdict.ts`), null on success. */
  readonly cause: string | null;
  readonly code: string;
  readonly message: string;
}

/** One Databricks run of one step: the row that holds the intent, then the run id, then the verdict. */
export interface GenerationRecord {
  readonly runId: string;
  readonly step: string;
  readonly ordinal: number;
  readonly generation: number;
  readonly attempt: number;
  readonly job: string;
  readonly idempotencyToken: string;
  /** Calls of run-now that were begun, each counted before it is sent. */
  readonly submissions: number;
  /** Those of them that Databricks certainly did not carry out. */
  readonly refusals: number;
  /** Names of the other ones. A count alone is wrong when storage takes a write and answers the SDK's repeat of it as a conflict. */
  readonly openCalls: readonly string[];
  readonly lastSubmittedAt: string | null;
  /** Workspace (`DATABRICKS_HOST`) that run-now was sent to: ids and tokens mean nothing elsewhere. */
  readonly workspace: string | null;
  /** Decimal Databricks run id; null until run-now was answered. */
  readonly databricksRunId: string | null;
  readonly jobId: string | null;
  readonly taskRunId: string | null;
  readonly url: string | null;
  readonly lifeCycleState: string | null;
  readonly resultState: string | null;
  /** True once it is proven that no Databricks run of it is active: seen ended, gone, never started, or settled by a person. */
  readonly terminal: boolean;
  readonly verdict: StoredVerdict | null;
  /** How the notebook failed; null when it did not, or Databricks did not tell. */
  readonly error: NotebookError | null;
  /** Status of the exit JSON (`ok`, `not_ready`, `nothing_to_do`), null without one. */
  readonly status: string | null;
  readonly exit: ExitJson | null;
  /** Blob of the exit JSON in the batches container. */
  readonly exitPath: string | null;
  /** The last fault of a call about it that is being tried again (unreachable host, 429); null when the last call went well. */
  readonly lastFault: string | null;
  /** Begin of the first of the looks that found no such run, ISO 8601; null while it is seen. */
  readonly absentSince: string | null;
  readonly absentLooks: number;
  /** First look that found the run ended but could not yet read what it left behind. */
  readonly endSeenAt: string | null;
  /** When the app first asked for the end of the run. */
  readonly stopAskedAt: string | null;
  /** Why only a person can settle it; it keeps its slot until then, or until the proof comes after all. Null when none is needed. */
  readonly needsPerson: string | null;
  readonly intendedAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationSeconds: number | null;
}

/** A Databricks run that nobody saw may exist: run-now was called and not every call was refused. */
export function mayHaveStarted({ databricksRunId, submissions, refusals, openCalls }: GenerationRecord): boolean {
  // A version before the names counts alone.
  return databricksRunId === null && (openCalls.length > 0 || submissions > refusals);
}

type Calls = Pick<GenerationRecord, "submissions" | "refusals" | "openCalls">;

/** More unanswered calls are counted, but not named: they keep each other open. */
const MOST_NAMES = 100;

/** What changes when `call` begins; null when it is among them already. */
export function withCall({ submissions, refusals, openCalls }: Calls, call: string): Calls | null {
  if (openCalls.includes(call)) return null;
  const names = openCalls.length < MOST_NAMES ? [...openCalls, call] : openCalls;
  return { submissions: submissions + 1, refusals, openCalls: names };
}

/** What changes when `call` was certainly not carried out; null when that is known already. */
export function withRefusal({ submissions, refusals, openCalls }: Calls, call: string): Calls | null {
  if (!openCalls.includes(call)) return null;
  return { submissions, refusals: refusals + 1, openCalls: openCalls.filter((name) => name !== call) };
}

/** The generation that an open run waits for; each other one that is not terminal is a stray. `generations` in order. */
export function isCurrent(record: GenerationRecord, generations: readonly GenerationRecord[]): boolean {
  const last = generations.at(-1);
  return last?.ordinal === record.ordinal && last.generation === record.generation;
}

/** A run is absent for good when so many looks over so long a time found nothing: reads and lists of Databricks may lag. */
const ABSENCE_SECONDS = 180;
const ABSENCE_LOOKS = 3;
/** Longest time that a call of run-now may still be on its way to Databricks. */
const IN_FLIGHT_SECONDS = 120;

/** True when the looks that the record counts, the last of which began at `lookedAt`, are enough to say that there is no such run. */
export function isAbsenceProven(record: GenerationRecord, lookedAt: Date): boolean {
  const { absentSince, absentLooks, lastSubmittedAt, databricksRunId } = record;
  if (absentSince === null || absentLooks < ABSENCE_LOOKS) return false;
  const underWay = databricksRunId === null && lastSubmittedAt !== null;
  const arrived = underWay ? Date.parse(lastSubmittedAt) + IN_FLIGHT_SECONDS * 1000 : 0;
  return lookedAt.getTime() - Math.max(Date.parse(absentSince), arrived) >= ABSENCE_SECONDS * 1000;
}

/**
 * True while a run that a call of run-now started, or may have started, can still be on its way, or missing in reads and lists of
 * Databricks. A run whose id is known is as new to them as one whose answer was lost.
 */
export function mayStillShow(record: GenerationRecord, now: Date): boolean {
  const { lastSubmittedAt, databricksRunId } = record;
  if ((databricksRunId === null && !mayHaveStarted(record)) || lastSubmittedAt === null) return false;
  return now.getTime() - Date.parse(lastSubmittedAt) < (IN_FLIGHT_SECONDS + ABSENCE_SECONDS) * 1000;
}
