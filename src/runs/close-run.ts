import type { CloseInput } from "../domain/activity-types";
import { inParallel } from "../ledger/parallel";
import { isClosed } from "../domain/run";
import type { ActivityContext, ActivityDeps } from "./deps";

/** Closes the run. Drops that were claimed but never frozen become pending again, for the next batch. */
export async function closeRun(
  { ledger }: ActivityDeps,
  { runId, attempt, state, error }: CloseInput,
  { log }: ActivityContext,
): Promise<null> {
  const run = await ledger.runs.get(runId);
  if (!run || isClosed(run.state) || run.attempt !== attempt) return null;
  if (run.frozenAt === null) {
    const open = (await ledger.batches.entries(runId)).filter(({ outcome }) => outcome === "" || outcome === "frozen");
    await inParallel(open, 16, async (entry) => ledger.batches.giveBack(runId, entry.keys));
  }
  const endedAt = ledger.now().toISOString();
  await ledger.runs.change(runId, (current) =>
    isClosed(current.state) || current.attempt !== attempt ? null : { state, error, endedAt },
  );
  log.info("run closed", { runId, attempt, state, code: error?.code, step: error?.step });
  return null;
}
