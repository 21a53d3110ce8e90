import { COLLECTOR } from "../domain/function-names";
import { collectorInstanceId } from "../domain/ids";
import type { HeldCatchUp } from "../domain/catch-up";
import { holdingPause, type PipelinePause } from "../domain/pause";
import { scheduleOf, type PipelineDefinition } from "../domain/pipeline-definition";
import { nextOccurrence, occurrencesBetween } from "../domain/schedule";
import type { Ledger } from "../ledger/ledger";
import { definitionOf, type OperationDeps, type Operator } from "./deps";

/** How many of a kind are counted; more are shown as so many. */
const MAX_COUNT = 1000;

/** Whether a pipeline starts by itself, and what waits for that. */
export interface PipelineStanding {
  readonly pipeline: string;
  readonly pause: PipelinePause | null;
  /** When the schedule starts the next run; null without a schedule, and while the pause lasts. */
  readonly nextRunAt: string | null;
  /** Missed occurrences that wait for `decideCatchUp`; null when there are none. */
  readonly heldCatchUp: HeldCatchUp | null;
  readonly waiting: {
    /** Pending drops, at most 1000 are counted. */
    readonly drops: number;
    readonly oldestDropSeenAt: string | null;
    /** Blobs that are not finished yet. */
    readonly unfinishedBlobs: number;
    /** Schedule occurrences that the pause keeps, at most 1000 are counted. */
    readonly occurrences: number;
    /** Batches of failed runs that are due to be taken over. */
    readonly retakes: number;
    /** Runs that were asked for and have no slot yet. */
    readonly runs: number;
  };
}

async function standing(ledger: Ledger, definition: PipelineDefinition): Promise<PipelineStanding> {
  const { name: pipeline } = definition;
  const now = ledger.now();
  const state = await ledger.states.get(pipeline);
  const { heldCatchUp } = state;
  const pause = holdingPause(state.pause);
  const schedule = scheduleOf(definition);
  const held =
    schedule === null || pause === null ? [] : occurrencesBetween(schedule, new Date(pause.at), now, MAX_COUNT);
  const pending = await ledger.drops.pending(pipeline);
  const open = await ledger.runs.open(pipeline);
  return {
    pipeline,
    pause,
    nextRunAt: schedule === null || pause !== null ? null : (nextOccurrence(schedule, now)?.toISOString() ?? null),
    heldCatchUp,
    waiting: {
      drops: pending.count,
      oldestDropSeenAt: pending.oldestSeenAt,
      unfinishedBlobs: (await ledger.unfinished.list(pipeline, MAX_COUNT)).length,
      occurrences: held.length,
      retakes: (await ledger.retakes.due(pipeline, MAX_COUNT)).length,
      runs: open.filter(({ state }) => state !== "running").length,
    },
  };
}

/** @throws UnknownPipelineError */
export async function pipelineStanding(deps: OperationDeps, pipeline: string): Promise<PipelineStanding> {
  return standing(deps.activities.ledger, definitionOf(deps, pipeline));
}

/**
 * Keeps the pipeline from starting by itself: its timer, its collector, the catch-up and the sweeper ask for nothing. Open runs go on, and
 * so does what a person asks for. A pause that holds already stays as it is.
 * @throws UnknownPipelineError
 */
export async function pausePipeline(
  deps: OperationDeps,
  pipeline: string,
  { by, reason, log }: Operator,
): Promise<PipelineStanding> {
  const definition = definitionOf(deps, pipeline);
  const { ledger } = deps.activities;
  if (holdingPause((await ledger.states.get(pipeline)).pause) === null) {
    const { at } = await ledger.actions.note({ action: "pause", subject: pipeline, by, reason });
    await ledger.states.setPause(pipeline, { at, by, reason, endedAt: null });
    log.info("pipeline paused", { pipeline });
  }
  return standing(ledger, definition);
}

/**
 * Ends the pause. The collector asks for what is pending at once, the sweeper within minutes for the occurrences that the pause kept: one
 * run covers them all. Without a pause nothing happens.
 * @throws UnknownPipelineError
 */
export async function resumePipeline(
  deps: OperationDeps,
  pipeline: string,
  { by, reason, log, starter }: Operator,
): Promise<PipelineStanding> {
  const definition = definitionOf(deps, pipeline);
  const { ledger } = deps.activities;
  const { pause } = await ledger.states.get(pipeline);
  if (pause !== null && holdingPause(pause) !== null) {
    const { at: endedAt } = await ledger.actions.note({ action: "resume", subject: pipeline, by, reason });
    await ledger.states.setPause(pipeline, { ...pause, endedAt });
    log.info("pipeline resumed", { pipeline });
    if (definition.drops) await starter.start(COLLECTOR, collectorInstanceId(pipeline), { pipeline });
  }
  return standing(ledger, definition);
}
