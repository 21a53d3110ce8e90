import { isAbsenceProven, mayHaveStarted, type GenerationRecord } from "../domain/generation";
import { carriesRun } from "../domain/job-parameters";
import type { JobRun } from "../domain/job-run";
import type { GenerationKey } from "../ledger/generation-rows";
import type { ActivityDeps } from "./deps";
import { SEEN } from "./step-records";
import { recordDatabricksRun } from "./submit-run";

/** Clocks of Databricks and of the app may differ by this. */
const CLOCK_SKEW_MS = 300_000;

/** True when a Databricks run cannot have begun before the first call of run-now for this generation. */
export function beganAfter({ startTimeMs }: JobRun, record: GenerationRecord): boolean {
  return startTimeMs === undefined || startTimeMs >= earliestStart(record).getTime();
}

function earliestStart({ intendedAt }: GenerationRecord): Date {
  return new Date((Date.parse(intendedAt) || CLOCK_SKEW_MS) - CLOCK_SKEW_MS);
}

/** The parameters of a listed run. Lists may leave them out: then the run itself is read. */
export async function parametersOf({ jobs }: ActivityDeps, listed: JobRun): Promise<JobRun["jobParameters"]> {
  if (listed.jobParameters["run_id"] !== undefined) return listed.jobParameters;
  return (await jobs.getRun(listed.runId)).jobParameters;
}

/** Every run of the generation's job since its intent, active or not. */
async function listedSince({ jobs }: ActivityDeps, record: GenerationRecord): Promise<JobRun[]> {
  const jobId = record.jobId ?? (await jobs.findJobId(record.job));
  const completed = await jobs.listCompletedRuns(jobId, earliestStart(record));
  return [...(await jobs.listActiveRuns(jobId)), ...completed];
}

/**
 * Finds the Databricks run of a generation whose run-now was never seen to answer: a run of its job from that time that carries our
 * run and deployment and that no generation has. Null when there is none now, or when no call can have started one.
 */
export async function adoptRun(deps: ActivityDeps, record: GenerationRecord): Promise<string | null> {
  if (!mayHaveStarted(record)) return null;
  for (const run of await listedSince(deps, record)) {
    const owner = await deps.ledger.generations.ownerOf(run.runId);
    // The id may have been noted a moment before a crash kept it out of the generation's row.
    const own = owner !== null && isSame(owner, record);
    if (!own && (owner !== null || !beganAfter(run, record))) continue;
    if (!carriesRun(await parametersOf(deps, run), record.runId, deps.deploymentId)) continue;
    return (await recordDatabricksRun(deps, record, run.runId)).databricksRunId;
  }
  return null;
}

function isSame(a: GenerationKey, b: GenerationKey): boolean {
  return a.runId === b.runId && a.ordinal === b.ordinal && a.generation === b.generation;
}

/** Notes a look that found no run. What it shows is as old as its begin: a process may stand still for long in between. */
export async function noteAbsence(
  { ledger }: ActivityDeps,
  record: GenerationRecord,
  lookedAt: Date,
): Promise<GenerationRecord> {
  const at = lookedAt.toISOString();
  return ledger.generations.change(record.runId, record.ordinal, record.generation, (current) =>
    current.verdict === null ? { absentSince: current.absentSince ?? at, absentLooks: current.absentLooks + 1 } : null,
  );
}

/**
 * Notes that Databricks said of a known run that it does not exist, asked at `lookedAt`.
 * @returns true when that is proven: said over minutes, and no list names the run
 */
export async function confirmGone(deps: ActivityDeps, record: GenerationRecord, lookedAt: Date): Promise<boolean> {
  const noted = await noteAbsence(deps, record, lookedAt);
  if (!isAbsenceProven(noted, lookedAt)) return false;
  const listed = await listedSince(deps, record);
  if (!listed.some((run) => run.runId === record.databricksRunId)) return true;
  await deps.ledger.generations.change(record.runId, record.ordinal, record.generation, () => SEEN);
  return false;
}

/**
 * Notes that Databricks answered a token, sent at `lookedAt`, with the news that its run is gone.
 * @returns true when that is proven as in `confirmGone`; calls under way do not matter, since the token is used up
 */
export async function confirmTokenGone(deps: ActivityDeps, record: GenerationRecord, lookedAt: Date): Promise<boolean> {
  const noted = await noteAbsence(deps, record, lookedAt);
  if (!isAbsenceProven({ ...noted, lastSubmittedAt: null }, lookedAt)) return false;
  return (await adoptRun(deps, noted)) === null;
}

/**
 * For a run in a state that nobody here knows and that did not end when it was cancelled.
 * @returns true when Databricks has listed it as active no more for minutes
 */
export async function confirmInactive(deps: ActivityDeps, record: GenerationRecord, run: JobRun): Promise<boolean> {
  const lookedAt = deps.ledger.now();
  const active = await deps.jobs.listActiveRuns(run.jobId);
  if (!active.some((one) => one.runId === run.runId))
    return isAbsenceProven(await noteAbsence(deps, record, lookedAt), lookedAt);
  await deps.ledger.generations.change(record.runId, record.ordinal, record.generation, () => SEEN);
  return false;
}
