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

/** The Databricks run of the generation that is active, as the run itself or the list of its job says; null when neither does. */
async function activeRunOf(deps: ActivityDeps, record: GenerationRecord): Promise<string | null> {
  const seen = record.databricksRunId === null ? null : await readVerdict(deps.jobs, record.databricksRunId);
  // Of a state that nobody knows the list decides.
  if (seen?.verdict.kind === "running" && seen.verdict.known) return seen.run.runId;
  const jobId = record.jobId ?? (await deps.jobs.findJobId(record.job));
  for (const run of await deps.jobs.listActiveRuns(jobId)) if (await isOf(deps, record, run)) return run.runId;
  return null;
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
    if (mayStillShow(record, deps.ledger.now()))
      throw unknown(`run-now was called at ${record.lastSubmittedAt ?? ""}; its run may show for some minutes`);
    const listed = await callPatiently(deps.ledger, async () => activeRunOf(deps, record));
    if (listed.kind === "wait") throw unknown(listed.fault);
    if (listed.value === null) continue;
    throw new RefusedError("still-active", `Databricks still lists run ${listed.value} of ${what} as active`);
  }
}
