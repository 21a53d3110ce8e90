import type { RunAttempt, SlotResult } from "../domain/activity-types";
import { blockedBy, type GroupedRun } from "../domain/groups";
import { runInstanceId } from "../domain/ids";
import { isClosed } from "../domain/run";
import type { Ledger } from "../ledger/ledger";
import type { StoredRun } from "../ledger/run-store";
import type { Activity, ActivityDeps } from "../runs/deps";

const grouped = ({ run, definition }: StoredRun): GroupedRun => ({ ...run, group: definition.concurrencyGroup });

/** An open run that wrote the same tables under another group's slot; asks only when a definition was ever regrouped. */
async function regroupedRunBefore(ledger: Ledger, stored: StoredRun): Promise<GroupedRun | null> {
  const memberships = await ledger.registry.memberships();
  const pipelines = memberships.map(({ pipeline }) => pipeline);
  if (new Set(pipelines).size === pipelines.length) return null;
  const open = await Promise.all([...new Set(pipelines)].map(async (pipeline) => ledger.runs.open(pipeline)));
  const found = await Promise.all(open.flat().map(async ({ runId }) => ledger.runs.find(runId)));
  const others = found.filter((other) => other !== null).map(grouped);
  return blockedBy(grouped(stored), others, memberships);
}

/** Queues the attempt for its group's slot; with the slot the run is running. */
export function createTakeSlot({ ledger }: ActivityDeps): Activity<RunAttempt, SlotResult> {
  return async ({ runId, attempt }, { log }) => {
    const stored = await ledger.runs.find(runId);
    const holder = runInstanceId(runId, attempt);
    if (!stored || isClosed(stored.run.state) || stored.run.attempt !== attempt) {
      return { granted: false, position: 0, cancelRequested: true };
    }
    const { run, definition } = stored;
    if (run.cancelRequestedAt !== null) return { granted: false, position: 0, cancelRequested: true };
    const before = await regroupedRunBefore(ledger, stored);
    if (before !== null) {
      log.info("waits for a run of another group", { runId, attempt, before: before.runId, group: before.group });
      return { granted: false, position: 1, cancelRequested: false };
    }
    const ticket = { holder, backfill: run.window !== null, requestedAt: run.requestedAt };
    const { granted, position } = await ledger.slots.take(definition.concurrencyGroup, ticket);
    const at = ledger.now().toISOString();
    const after = await ledger.runs.change(runId, (current) => {
      const mine = current.attempt === attempt && !isClosed(current.state);
      return mine && granted && current.state !== "running"
        ? { state: "running", startedAt: current.startedAt ?? at }
        : null;
    });
    // A late second execution of this activity must not leave a ticket of a run that ended meanwhile.
    if (isClosed(after.state) || after.attempt !== attempt) {
      await ledger.slots.release(definition.concurrencyGroup, holder);
      return { granted: false, position: 0, cancelRequested: true };
    }
    return { granted, position, cancelRequested: after.cancelRequestedAt !== null };
  };
}
