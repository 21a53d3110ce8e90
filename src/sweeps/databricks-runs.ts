import type { JobRun } from "../domain/job-run";
import { JobNotFoundError } from "../errors";
import { isClosed } from "../domain/run";
import { callDatabricks, faultText, isTransient } from "../runs/databricks-call";
import { settleGeneration } from "../runs/stop-run";
import type { SweepPass } from "./deps";

/** Ends generations that a closed run left active: a late start of an activity, or a cancel that nobody saw through. */
export async function sweepGenerations({ activities, log }: SweepPass): Promise<void> {
  for (const record of await activities.ledger.generations.unsettled()) {
    const run = await activities.ledger.runs.get(record.runId);
    if (run !== null && !isClosed(run.state)) continue;
    const settled = await settleGeneration(activities, record);
    log.warn("Databricks run of a closed run", {
      runId: record.runId,
      databricksRunId: record.databricksRunId,
      settled,
    });
  }
}

/** A run is ours and unowned when its parameters name a closed run of our ledger. */
async function isUnowned({ activities: { ledger } }: SweepPass, run: JobRun): Promise<boolean> {
  const named = run.jobParameters["run_id"];
  const record = named === undefined ? null : await ledger.runs.get(named);
  return record !== null && isClosed(record.state);
}

/** Looks for active Databricks runs that carry one of our run ids and that no open run owns, and ends them (I6). */
export async function sweepUnownedRuns(pass: SweepPass): Promise<void> {
  const { activities, definitions, log } = pass;
  const { jobs, ledger, jobNamePrefix } = activities;
  const names = new Set(
    [...definitions.values()].flatMap(({ steps }) => steps.map((step) => `${jobNamePrefix}${step.job}`)),
  );
  for (const name of names) {
    try {
      const listed = await callDatabricks(ledger, async () => jobs.listActiveRuns(await jobs.findJobId(name)));
      if (listed.kind === "wait") return;
      for (const run of listed.value) {
        if (!(await isUnowned(pass, run))) continue;
        log.warn("unowned Databricks run", {
          databricksRunId: run.runId,
          runId: run.jobParameters["run_id"],
          job: name,
        });
        await callDatabricks(ledger, async () => {
          await jobs.cancelRun(run.runId);
        });
      }
    } catch (error) {
      if (!(error instanceof JobNotFoundError) && !isTransient(error))
        log.error("active runs could not be listed", { job: name, fault: faultText(error) });
    }
  }
}
