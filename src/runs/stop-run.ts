import { isAbsenceProven, mayHaveStarted, type GenerationRecord } from "../domain/generation";
import { carriesRun } from "../domain/job-parameters";
import type { JobRun } from "../domain/job-run";
import { deletedRunVerdict, type RunVerdict } from "../domain/verdict";
import { adoptRun, confirmGone, confirmInactive, noteAbsence } from "./absence";
import { callPatiently, type CallResult } from "./databricks-call";
import type { ActivityDeps } from "./deps";
import { readVerdict } from "./read-run";
import { observed, recordFailure, SEEN, type Failure } from "./step-records";

/** A run that was asked to end and has not done so for this long needs a person. */
export const STOP_GRACE_SECONDS = 900;

/** Why a generation is not settled yet. */
interface Pending {
  readonly why: string;
  /** True when waiting alone cannot help. */
  readonly needsPerson: boolean;
}

const pending = (why: string, needsPerson = false): Pending => ({ why, needsPerson });

/** What stands against touching the run of a generation: it was started in another workspace. */
export function foreignWorkspace({ workspace }: ActivityDeps, record: GenerationRecord): string | null {
  const elsewhere = record.workspace !== null && record.workspace !== workspace;
  if (!elsewhere || (record.databricksRunId === null && !mayHaveStarted(record))) return null;
  return `its run was started in ${record.workspace}, but DATABRICKS_HOST is now ${workspace}: set it back, or settle the run by hand`;
}

/** What stands against touching a run: it has our recorded id, but other parameters. */
export function foreignRun({ deploymentId }: ActivityDeps, { runId }: GenerationRecord, run: JobRun): string | null {
  if (carriesRun(run.jobParameters, runId, deploymentId)) return null;
  return `Databricks run ${run.runId} does not carry run_id ${runId} of deployment ${deploymentId}: it is left alone`;
}

/** Asks Databricks to end the run of a generation, when it is ours; it is terminal some time later. Never throws a refusal. */
export async function cancelGeneration(deps: ActivityDeps, record: GenerationRecord): Promise<CallResult<void>> {
  const { ledger, jobs } = deps;
  await noteStopAsked(deps, record);
  if (foreignWorkspace(deps, record) !== null) return { kind: "value", value: undefined };
  return callPatiently(ledger, async () => {
    const databricksRunId = record.databricksRunId ?? (await adoptRun(deps, record));
    const seen = databricksRunId === null ? null : await readVerdict(jobs, databricksRunId);
    if (seen?.verdict.kind === "running" && foreignRun(deps, record, seen.run) === null)
      await jobs.cancelRun(seen.run.runId);
  });
}

async function noteStopAsked({ ledger }: ActivityDeps, record: GenerationRecord): Promise<GenerationRecord> {
  if (record.stopAskedAt !== null) return record;
  const stopAskedAt = ledger.now().toISOString();
  return ledger.generations.change(record.runId, record.ordinal, record.generation, (current) =>
    current.stopAskedAt === null && !current.terminal ? { stopAskedAt } : null,
  );
}

/**
 * Brings one generation nearer to its end: cancels what runs, records what is proven to have ended. A run that ended well after
 * all is recorded as cancelled, since nobody waited for its proof; a retry repeats the step, which changes nothing that is there
 * (I8). What cannot be proven stays as it is, and after a while is shown as needing a person.
 * @returns true when the generation is terminal
 */
export async function settleGeneration(deps: ActivityDeps, record: GenerationRecord): Promise<boolean> {
  if (record.terminal) return true;
  const asked = await noteStopAsked(deps, record);
  if (asked.terminal) return true;
  const result = await callPatiently(deps.ledger, async () => settleOnce(deps, asked));
  const left = result.kind === "wait" ? pending(result.fault) : result.value;
  if (left !== null) await notePending(deps, asked, left);
  return left === null;
}

async function settleOnce(deps: ActivityDeps, record: GenerationRecord): Promise<Pending | null> {
  const elsewhere = foreignWorkspace(deps, record);
  if (elsewhere !== null) return pending(elsewhere, true);
  const lookedAt = deps.ledger.now();
  const databricksRunId = record.databricksRunId ?? (await adoptRun(deps, record));
  if (databricksRunId === null) return settleUnstarted(deps, record, lookedAt);
  const known = { ...record, databricksRunId };
  const seen = await readVerdict(deps.jobs, databricksRunId);
  if (seen === null) {
    if (!(await confirmGone(deps, known, lookedAt)))
      return pending(`Databricks says that run ${databricksRunId} does not exist`);
    await recordFailure(deps.ledger, record, deletedRunVerdict(databricksRunId));
    return null;
  }
  const foreign = foreignRun(deps, record, seen.run);
  if (foreign !== null) return pending(foreign, true);
  if (seen.verdict.kind === "running") return endRunning(deps, known, seen.run, seen.verdict);
  const unread: Failure = {
    cause: "cancelled",
    code: "RESULT_NOT_READ",
    message: "the job ended while nobody waited for it",
  };
  await recordFailure(deps.ledger, record, seen.verdict.kind === "failed" ? seen.verdict : unread, observed(seen.run));
  return null;
}

const UNSTARTED: Failure = { cause: "cancelled", code: "NEVER_STARTED", message: "ended before the job was started" };
/** Lists do not show whether there was none or whether a person deleted it: nothing more than what was seen is recorded. */
const UNSEEN: Failure = {
  cause: "cancelled",
  code: "RUN_NOT_SEEN",
  message: "run-now was called without an answer, and for minutes Databricks listed no run of it",
};

/** Without an id: never started when no call was carried out, and ended when no run of it was seen for minutes after the last call. */
async function settleUnstarted(deps: ActivityDeps, record: GenerationRecord, lookedAt: Date): Promise<Pending | null> {
  const { ledger } = deps;
  const waits = pending("run-now was called, and no run of it has been seen yet");
  const looked = mayHaveStarted(record) ? await noteAbsence(deps, record, lookedAt) : record;
  if (mayHaveStarted(looked) && !isAbsenceProven(looked, lookedAt)) return waits;
  const failure = mayHaveStarted(looked) ? UNSEEN : UNSTARTED;
  const unchanged = ({ databricksRunId, submissions }: GenerationRecord): boolean =>
    databricksRunId === null && submissions === looked.submissions;
  const after = await recordFailure(ledger, record, failure, {}, unchanged);
  return after.terminal ? null : waits;
}

async function endRunning(
  deps: ActivityDeps,
  record: GenerationRecord,
  run: JobRun,
  { state, known }: Extract<RunVerdict, { kind: "running" }>,
): Promise<Pending | null> {
  await deps.jobs.cancelRun(run.runId);
  if (known) {
    await deps.ledger.generations.change(record.runId, record.ordinal, record.generation, (current) =>
      current.verdict === null ? { ...observed(run), ...SEEN } : null,
    );
    return pending(`Databricks run ${run.runId} is still ${state}`);
  }
  const message = `Databricks reports state "${state}", which nobody here knows`;
  if (!isOverdue(deps, record) || !(await confirmInactive(deps, record, run))) return pending(message);
  const ended: Failure = {
    cause: "unknown",
    code: "UNKNOWN_STATE",
    message: `${message}, and lists the run as active no more`,
  };
  await recordFailure(deps.ledger, record, ended, observed(run));
  return null;
}

function isOverdue({ ledger }: ActivityDeps, { stopAskedAt }: GenerationRecord): boolean {
  return stopAskedAt !== null && ledger.now().getTime() - Date.parse(stopAskedAt) > STOP_GRACE_SECONDS * 1000;
}

async function notePending(deps: ActivityDeps, record: GenerationRecord, { why, needsPerson }: Pending): Promise<void> {
  const reason = needsPerson || isOverdue(deps, record) ? why : null;
  await deps.ledger.generations.change(record.runId, record.ordinal, record.generation, (current) => {
    if (current.terminal || (current.lastFault === why && current.needsPerson === reason)) return null;
    return { lastFault: why, needsPerson: reason };
  });
}
