import { PIPELINE_RUN } from "../domain/function-names";
import { runInstanceId } from "../domain/ids";
import type { RunRecord } from "../domain/run";
import { closeRun } from "../runs/close-run";
import { publishRun } from "../runs/publish-run";
import { releaseSlot } from "../runs/release-slot";
import { settleRun } from "../runs/settle-run";
import type { SweepPass } from "./deps";
import { forEachItem } from "./for-each-item";

/** A run younger than this may still be between its insert and its start. */
const START_GRACE_MS = 30_000;

/** Ends an attempt that nobody drives any more: its Databricks runs, then the record and the slot (I6). */
async function endOrphan(pass: SweepPass, run: RunRecord, status: string | null): Promise<void> {
  const { activities, starter, log } = pass;
  const { runId, attempt } = run;
  const context = { log, starter };
  const { remaining } = await settleRun(activities, { runId, attempt });
  log.warn("run without a live orchestration", { runId, attempt, status, remaining });
  if (remaining > 0) return;
  const cancelled = run.cancelRequestedAt !== null;
  const message = `its orchestration is ${status ?? "unknown to the task hub"}; every Databricks run of it has ended. Use retry to go on`;
  const error = { code: cancelled ? "CANCELLED" : "ORCHESTRATION_LOST", message, step: null };
  await closeRun(activities, { runId, attempt, state: cancelled ? "cancelled" : "failed", error }, context);
  await publishRun(activities, { runId, attempt }, context);
  await releaseSlot(activities, { runId, attempt }, context);
}

/** Starts runs whose start was lost, and ends runs whose orchestration was terminated, failed or lost; of gone pipelines as well. */
export async function sweepOpenRuns(pass: SweepPass): Promise<void> {
  const { activities, definitions, log } = pass;
  const sweepPipeline = async (pipeline: string): Promise<void> => {
    const open = await activities.ledger.runs.open(pipeline);
    await forEachItem(
      log,
      open,
      ({ runId }) => ({ runId }),
      async (run) => sweepOpenRun(pass, run),
    );
  };
  const pipelines = new Set([...definitions.keys(), ...(await activities.ledger.registry.pipelines())]);
  await forEachItem(log, pipelines, (pipeline) => ({ pipeline }), sweepPipeline);
}

async function sweepOpenRun(pass: SweepPass, run: RunRecord): Promise<void> {
  const { activities, starter, log } = pass;
  const { runId, attempt, state, requestedAt } = run;
  const instanceId = runInstanceId(runId, attempt);
  const status = await starter.status(instanceId);
  const age = activities.ledger.now().getTime() - Date.parse(requestedAt);
  if (pass.isLive(status) || age < START_GRACE_MS) return;
  if (status === null && state === "requested") {
    log.warn("run was never started, starting it", { runId, attempt });
    await starter.start(PIPELINE_RUN, instanceId, { runId, attempt });
    return;
  }
  // The list is older than the status: an attempt that closed meanwhile is no orphan.
  const now = await activities.ledger.runs.get(runId);
  if (now?.attempt === attempt && now.etag === run.etag) await endOrphan(pass, run, status);
}
