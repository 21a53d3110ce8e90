import type { CloseInput } from "../domain/activity-types";
import { isClosed } from "../domain/run";
import type { ActivityContext, ActivityDeps } from "./deps";
import { settleBatch } from "./settle-batch";
import { isRetakeable, planRetake, releaseBatch } from "./take-over-batch";

/**
 * Closes the run. Its row decides what becomes of its drops: with a freeze they are its batch, which a later run takes over when this
 * one failed; without one they become pending again, for the next batch. Repeating finishes what was left undone.
 */
export async function closeRun(
  { ledger }: ActivityDeps,
  { runId, attempt, state, error }: CloseInput,
  { log }: ActivityContext,
): Promise<null> {
  const stored = await ledger.runs.find(runId);
  if (!stored || stored.run.attempt !== attempt) return null;
  const { run, definition } = stored;
  const at = run.endedAt ?? ledger.now().toISOString();
  // Before the close: a run that was closed and not planned for would never be taken over.
  if (isRetakeable({ state })) await planRetake(ledger, run, definition, at, log);
  let isOurs = false;
  const closed = await ledger.runs.change(runId, (current) => {
    isOurs = !isClosed(current.state) && current.attempt === attempt;
    if (!isOurs) return null;
    const retakeOf = current.frozenAt === null ? null : current.retakeOf;
    return { state, error, endedAt: at, retakeOf };
  });
  if (closed.attempt !== attempt || !isClosed(closed.state)) return null;
  if (run.retakeOf !== null && closed.frozenAt === null) await releaseBatch(ledger, run.retakeOf, runId);
  // The freeze may have been decided between the look and the close.
  if (closed.frozenAt !== run.frozenAt && isRetakeable(closed)) await planRetake(ledger, closed, definition, at, log);
  await settleBatch(ledger, closed);
  if (isOurs) log.info("run closed", { runId, attempt, state, code: error?.code, step: error?.step });
  return null;
}
