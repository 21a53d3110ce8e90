import { mayHaveStarted, mayStillShow, type GenerationRecord } from "../domain/generation";
import { carriesRun } from "../domain/job-parameters";
import type { JobRun } from "../domain/job-run";
import { beganAfter, parametersOf } from "../runs/absence";
import { callPatiently } from "../runs/databricks-call";
import type { ActivityDeps } from "../runs/deps";
import { readVerdict } from "../runs/read-run";
import { foreignWorkspace } from "../runs/stop-run";
import { RefusedError } from "./errors";

/** True when a listed run is that of the generation: by its recorded id, or, where none is recorded, by its parameters. */
async function isOf(deps: ActivityDeps, record: GenerationRecord, run: JobRun): Promise<boolean> {
  if (record.databricksRunId !== null) return run.runId === record.databricksRunId;
  const owned = await deps.ledger.generations.ownerOf(run.runId);
  const own =
    owned?.runId === record.runId && owned.ordinal === record.ordinal && owned.generation === record.generation;
  if (!own && (owned !== null || !beganAfter(run, record))) return false;
  return carriesRun(await parametersOf(deps, run), record.runId, deps.deploymentId);
}

/** What Databricks says of a generation: the run of it that is active, as the run itself or the list of its job says, if any. */
interface Activity {
  readonly active: string | null;
  /** No list names a run of it, and no read says that it ended: there is none, or it is too new, or its state is not known. */
  readonly isUnseen: boolean;
}

async function activityOf(deps: ActivityDeps, record: GenerationRecord): Promise<Activity> {
  const seen = record.databricksRunId === null ? null : await readVerdict(deps.jobs, record.databricksRunId);
  // Of a state that nobody knows the list decides.
  if (seen?.verdict.kind === "running" && seen.verdict.known) return { active: seen.run.runId, isUnseen: false };
  const jobId = record.jobId ?? (await deps.jobs.findJobId(record.job));
  for (const run of await deps.jobs.listActiveRuns(jobId))
    if (await isOf(deps, record, run)) return { active: run.runId, isUnseen: false };
  return { active: null, isUnseen: seen === null || seen.verdict.kind === "running" };
}

/**
 * Lets a person's word count only where Databricks does not say otherwise.
 * @throws RefusedError when Databricks lists a run of these generations as active, or cannot be asked
 */
export async function refuseActive(deps: ActivityDeps, records: readonly GenerationRecord[]): Promise<void> {
  for (const record of records) {
    if (record.databricksRunId === null && !mayHaveStarted(record)) continue;
    const what = `step ${record.step}, generation ${record.generation} of ${record.runId}`;
    const unknown = (why: string): RefusedError =>
      new RefusedError("activity-unknown", `whether a Databricks run of ${what} is active is not known: ${why}`);
    const elsewhere = foreignWorkspace(deps, record);
    if (elsewhere !== null) throw unknown(elsewhere);
    const lookedAt = deps.ledger.now();
    const listed = await callPatiently(deps.ledger, async () => activityOf(deps, record));
    if (listed.kind === "wait") throw unknown(listed.fault);
    const { active, isUnseen } = listed.value;
    if (active !== null)
      throw new RefusedError("still-active", `Databricks still lists run ${active} of ${what} as active`);
    if (isUnseen && mayStillShow(record, lookedAt))
      throw unknown(`run-now was called at ${record.lastSubmittedAt ?? ""}; its run may show for some minutes`);
  }
}
