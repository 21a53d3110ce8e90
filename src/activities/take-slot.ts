import type { RunAttempt, SlotResult } from "../domain/activity-types";
import { runInstanceId } from "../domain/ids";
import { isClosed } from "../domain/run";
import type { Activity, ActivityDeps } from "../runs/deps";

/** Queues the attempt for its group's slot; with the slot the run is running. */
export function createTakeSlot({ ledger }: ActivityDeps): Activity<RunAttempt, SlotResult> {
  return async ({ runId, attempt }) => {
    const stored = await ledger.runs.find(runId);
    const holder = runInstanceId(runId, attempt);
    if (!stored || isClosed(stored.run.state) || stored.run.attempt !== attempt) {
      return { granted: false, position: 0, cancelRequested: true };
    }
    const { run, definition } = stored;
    if (run.cancelRequestedAt !== null) return { granted: false, position: 0, cancelRequested: true };
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
