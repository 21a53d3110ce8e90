import { isCurrent, mayHaveStarted, type GenerationRecord } from "../domain/generation";
import { carriesRun } from "../domain/job-parameters";
import type { JobRun } from "../domain/job-run";
import { isClosed } from "../domain/run";
import { JobNotFoundError } from "../errors";
import { beganAfter, parametersOf } from "../runs/absence";
import { callPatiently } from "../runs/databricks-call";
import { settleGeneration } from "../runs/stop-run";
import { recordDatabricksRun } from "../runs/submit-run";
import type { SweepPass } from "./deps";
import { forEachItem } from "./for-each-item";

const named = ({ runId, ordinal, generation }: GenerationRecord) => ({ runId, ordinal, generation });

/**
 * Ends generations that nobody waits for: of a closed run, or of an open one that has gone on to another generation. They are left
 * by a late start of an activity, or by a cancel that nobody saw through.
 */
export async function sweepGenerations({ activities, log }: SweepPass): Promise<void> {
  const { ledger } = activities;
  await forEachItem(log, await ledger.generations.unsettled(ledger.now()), named, async (record) => {
    const run = await ledger.runs.get(record.runId);
    const open = run !== null && !isClosed(run.state);
    if (open && isCurrent(record, await ledger.generations.list(record.runId))) return;
    const settled = await settleGeneration(activities, record);
    log.warn("Databricks run that nobody waits for", {
      ...named(record),
      databricksRunId: record.databricksRunId,
      settled,
    });
  });
}

/**
 * The generation that an active Databricks run belongs to although nobody waits for it; null when it is waited for, or not ours to
 * end. A run is ours by its id in the ledger. One without is ours only when the ledger counts a call of run-now whose answer was
 * never seen: a person may start a run with our parameters, or repair one that ended, and neither is touched.
 */
async function findOwner({ activities, log }: SweepPass, job: string, run: JobRun): Promise<GenerationRecord | null> {
  const { jobs, deploymentId } = activities;
  const { generations } = activities.ledger;
  const owner = await generations.ownerOf(run.runId);
  const linked = owner && (await generations.get(owner.runId, owner.ordinal, owner.generation));
  if (linked?.databricksRunId === run.runId) return null;
  const parameters = await parametersOf(activities, run);
  const runId = linked?.runId ?? parameters["run_id"] ?? "";
  if (!carriesRun(parameters, runId, deploymentId)) return null;
  if (linked && linked.databricksRunId !== null) {
    // Run-now answered with this id, but by then another run had been taken for the generation's.
    log.warn("Databricks run of a generation that has another", { ...named(linked), databricksRunId: run.runId });
    await jobs.cancelRun(run.runId);
    return null;
  }
  const lost = (await generations.list(runId)).find(
    (record) => record.job === job && mayHaveStarted(record) && beganAfter(run, record),
  );
  // One that is not terminal is found by its start, by its token, or by its settlement.
  return lost?.terminal === true ? recordDatabricksRun(activities, lost, run.runId) : null;
}

/** Looks for active Databricks runs that came of calls of ours and that nobody waits for, and ends them (I6). */
export async function sweepUnownedRuns(pass: SweepPass): Promise<void> {
  const { activities, definitions, log } = pass;
  const { jobs, ledger, jobNamePrefix } = activities;
  const steps = [...definitions.values()].flatMap((definition) => definition.steps);
  await ledger.registry.registerJobs(steps.map((step) => `${jobNamePrefix}${step.job}`));
  // Not those of the definitions alone: one that is gone may have left a stray behind.
  const names = await ledger.registry.jobs();
  const sweepJob = async (job: string): Promise<void> => {
    const listed = await callPatiently(ledger, async () => {
      const jobId = await jobs.findJobId(job).catch(absentJob);
      return jobId === null ? [] : jobs.listActiveRuns(jobId);
    });
    if (listed.kind === "wait") {
      log.warn("active runs could not be listed", { job, fault: listed.fault });
      return;
    }
    const described = (run: JobRun) => ({ job, databricksRunId: run.runId });
    await forEachItem(log, listed.value, described, async (run) => {
      const found = await callPatiently(ledger, async () => findOwner(pass, job, run));
      if (found.kind === "wait" || found.value === null) return;
      const settled = await settleGeneration(activities, { ...found.value, terminal: false });
      log.warn("unowned Databricks run", { ...described(run), ...named(found.value), settled });
    });
  };
  await forEachItem(log, names, (job) => ({ job }), sweepJob);
}

function absentJob(error: unknown): null {
  if (error instanceof JobNotFoundError) return null;
  throw error;
}
