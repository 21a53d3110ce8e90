import { isClosed, isRetired, type RunRecord } from "../domain/run";
import type { PipelineDefinition } from "../domain/pipeline-definition";
import type { Retake } from "../ledger/drops/retake-store";
import type { Ledger } from "../ledger/ledger";
import type { Logger } from "../logging/logger";
import type { ActivityDeps } from "./deps";

/** How many due batches one look goes through. */
const LOOK = 100;
const MAX_TRIES = 5;

/** A batch that did not reach its end, for whatever reason, is taken over by a later run. */
export const isRetakeable = ({ state }: Pick<RunRecord, "state">): boolean =>
  state === "failed" || state === "cancelled";

/**
 * Notes that the batch of a frozen run that failed is to be taken over, after the time of its definition, which doubles with every
 * time. A person's retry comes first until then. Safe to repeat.
 */
export async function planRetake(
  ledger: Ledger,
  run: RunRecord,
  definition: PipelineDefinition,
  endedAt: string,
  log: Logger,
): Promise<void> {
  const { runId, attempt, pipeline, retakes, batch } = run;
  if (isRetired(run) || run.frozenAt === null || batch.drops === 0 || definition.drops === undefined) return;
  const { retakeAfterSeconds, maxRetakes } = definition.drops;
  if (retakes >= maxRetakes) {
    log.error("batch failed too often, a person has to look", { runId, attempt, retakes, drops: batch.drops });
    return;
  }
  const dueAt = new Date(Date.parse(endedAt) + retakeAfterSeconds * 2 ** retakes * 1000).toISOString();
  await ledger.retakes.add(pipeline, { runId, attempt, retakes, dueAt });
}

/**
 * The batch that was due first and that nobody took over or retries. Rows that mean nothing any more are removed; a run that
 * took a batch over and closed before its own freeze has lost it.
 */
export async function dueRetake(ledger: Ledger, pipeline: string, forRun: string | null): Promise<Retake | null> {
  for (const retake of await ledger.retakes.due(pipeline, LOOK)) {
    const run = await ledger.runs.get(retake.runId);
    if (run !== null && !isClosed(run.state)) continue;
    const owner = run?.supersededBy ?? null;
    const taker = owner === null || owner === forRun ? null : await ledger.runs.get(owner);
    const isGone = run === null || isRetired(run);
    if (isGone || run.attempt !== retake.attempt || !isRetakeable(run) || (taker && taker.frozenAt !== null)) {
      await ledger.retakes.remove(pipeline, retake);
      continue;
    }
    if (owner === null || owner === forRun) return retake;
    if (taker !== null && !isClosed(taker.state)) continue;
    await releaseBatch(ledger, retake.runId, owner);
    return retake;
  }
  return null;
}

/** Gives the batch of a failed run back, to be retried or taken over by another. */
export async function releaseBatch(ledger: Ledger, failed: string, owner: string): Promise<void> {
  await ledger.runs.change(failed, (current) => (current.supersededBy === owner ? { supersededBy: null } : null));
}

/**
 * Takes over the batch of a failed run. The failed run's row decides, by If-Match, between a person's retry and this run.
 * @returns true when this run's batch is that of another
 */
export async function takeOverBatch({ ledger }: ActivityDeps, run: RunRecord, log: Logger): Promise<boolean> {
  if (run.retakeOf !== null) return true;
  const { runId, pipeline, attempt } = run;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const retake = await dueRetake(ledger, pipeline, runId);
    if (retake === null) return false;
    const failed = await ledger.runs.change(retake.runId, (current) =>
      isRetakeable(current) && current.attempt === retake.attempt && current.supersededBy === null
        ? { supersededBy: runId }
        : null,
    );
    if (failed.supersededBy !== runId) continue;
    const own = await ledger.runs.change(runId, (current) =>
      isClosed(current.state) || current.frozenAt !== null || current.retakeOf !== null
        ? null
        : { retakeOf: retake.runId, retakes: retake.retakes + 1 },
    );
    if (own.retakeOf !== retake.runId) {
      await releaseBatch(ledger, retake.runId, runId);
      return own.retakeOf !== null;
    }
    log.warn("batch of a failed run taken over", { runId, attempt, from: retake.runId, retakes: own.retakes });
    return true;
  }
  return false;
}
