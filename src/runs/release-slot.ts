import type { ReleaseResult, RunAttempt } from "../domain/activity-types";
import { backfillOf } from "../domain/backfill";
import { WAKE } from "../domain/function-names";
import { runInstanceId } from "../domain/ids";
import { advanceBackfill } from "./advance-backfill";
import type { ActivityContext, ActivityDeps } from "./deps";

/** Hands the slot on, or gives up the place in the queue; refused while a Databricks run of the holder is not terminal (I4). A backfill goes on. */
export async function releaseSlot(
  deps: ActivityDeps,
  { runId, attempt }: RunAttempt,
  { log, starter }: ActivityContext,
): Promise<ReleaseResult> {
  const { ledger } = deps;
  const stored = await ledger.runs.find(runId);
  if (!stored) return { released: true };
  const open = (await ledger.generations.list(runId)).filter((generation) => !generation.terminal);
  if (open.length > 0) return { released: false };
  const next = await ledger.slots.release(stored.definition.concurrencyGroup, runInstanceId(runId, attempt));
  log.info("slot released", { runId, attempt, group: stored.definition.concurrencyGroup, next });
  if (next !== null) await starter.raise(next, WAKE);
  const backfill = backfillOf(stored.run.alias);
  if (backfill !== null) await advanceBackfill(deps, backfill, { log, starter });
  return { released: true };
}
