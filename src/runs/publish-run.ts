import type { RunAttempt } from "../domain/activity-types";
import { isClosed, type RunRecord } from "../domain/run";
import { withSteps } from "../ledger/run-lists";
import { faultText } from "./databricks-call";
import type { ActivityContext, ActivityDeps, RunNotification } from "./deps";

/** Fields of the record that mean nothing outside of the ledger. */
const INTERNAL = new Set(["etag", "notifiedAttempt"]);

function notification(run: RunRecord): RunNotification {
  const { runId, attempt, pipeline, state, reason, batch, error } = run;
  const urls = run.steps
    .flatMap((step) => step.generations.map((generation) => generation.url))
    .filter((url) => url !== null);
  return { runId, attempt, pipeline, state, reason, drops: batch.drops, error, databricksRunUrls: urls };
}

/** Writes the results summary and tells whoever wants to know, once for an attempt. A deaf receiver fails no run. */
export async function publishRun(
  { ledger, notifier }: ActivityDeps,
  { runId, attempt }: RunAttempt,
  { log }: ActivityContext,
): Promise<null> {
  const stored = await ledger.runs.find(runId);
  if (!stored || !isClosed(stored.run.state) || stored.run.attempt !== attempt) return null;
  const run = withSteps(stored, await ledger.generations.list(runId));
  const summary = Object.fromEntries(Object.entries(run).filter(([name]) => !INTERNAL.has(name)));
  await ledger.blobs.putJson(ledger.containers.results, `${runId}/run.json`, summary);
  if (run.notifiedAttempt >= attempt) return null;
  try {
    await notifier.notify(notification(run));
  } catch (error) {
    log.error("notification failed", { runId, attempt, fault: faultText(error) });
  }
  await ledger.runs.change(runId, (current) =>
    current.notifiedAttempt < attempt ? { notifiedAttempt: attempt } : null,
  );
  return null;
}
