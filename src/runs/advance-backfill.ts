import { afterWindow, backfillAlias, windowsOf, type BackfillRecord } from "../domain/backfill";
import { holdingPause } from "../domain/pause";
import { isClosed } from "../domain/run";
import { UnknownPipelineError } from "../ledger/errors";
import type { ActivityContext, ActivityDeps } from "./deps";

/** Asks for the run of the window that is next; null while the pipeline is paused. */
async function requestNext(
  { requests, ledger }: ActivityDeps,
  record: BackfillRecord,
  { starter }: ActivityContext,
): Promise<string | null> {
  if (holdingPause((await ledger.states.get(record.pipeline)).pause) !== null) return null;
  const place = record.todo[record.done] ?? 0;
  const { pipeline, requestedBy } = record;
  const request = {
    ...{ pipeline, reason: "backfill" as const },
    window: windowsOf(record)[place] ?? null,
    alias: backfillAlias(record.id, place),
    ...(requestedBy === null ? {} : { requestedBy }),
  };
  return (await requests.requestRun(request, starter)).run.runId;
}

/**
 * Brings a backfill further: asks for the run of its next window when the one before has ended. Safe to repeat, also at the same time:
 * the alias makes one run of a window.
 */
export async function advanceBackfill(deps: ActivityDeps, id: string, context: ActivityContext): Promise<void> {
  const { ledger } = deps;
  const before = await ledger.backfills.get(id);
  if (before?.state !== "running") return;
  let record = before;
  if (record.runId !== null) {
    const run = await ledger.runs.get(record.runId);
    if (run !== null && !isClosed(run.state)) return;
    // A run that is no longer in the ledger proves nothing.
    const ended = run?.state ?? "failed";
    const at = ledger.now().toISOString();
    record = await ledger.backfills.change(id, (current) =>
      current.runId === before.runId ? afterWindow(current, ended, at) : null,
    );
    if (record.state !== "running") {
      const { state, done, failed } = record;
      context.log.info("backfill ended", { backfill: id, pipeline: record.pipeline, state, done, failed });
    }
  }
  if (record.state !== "running" || record.runId !== null) return;
  try {
    const runId = await requestNext(deps, record, context);
    if (runId === null) return;
    const { done } = record;
    await ledger.backfills.change(id, (current) => (current.done === done ? { runId } : null));
  } catch (error) {
    // The definition is gone: no later look can change that.
    if (!(error instanceof UnknownPipelineError)) throw error;
    context.log.error("backfill stopped", { backfill: id, pipeline: record.pipeline, fault: error.message });
    await ledger.backfills.change(id, () => ({ state: "stopped", endedAt: ledger.now().toISOString() }));
  }
}
