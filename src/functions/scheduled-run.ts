import { app, type InvocationContext, type Timer } from "@azure/functions";
import * as df from "durable-functions";
import { scheduleAlias } from "../domain/ids";
import { scheduleOf, type PipelineDefinition } from "../domain/pipeline-definition";
import { dueOccurrence, timerExpression, type Schedule } from "../domain/schedule";
import { holdingPause } from "../domain/pause";
import type { RunRequests } from "../ledger/run-requests";
import type { StateStore } from "../ledger/state-store";
import type { OrchestrationStarter } from "../domain/orchestration-starter";
import { createLogger } from "../logging/logger";

/** What a schedule needs to make its request. */
export interface ScheduledRunDeps {
  readonly requests: RunRequests;
  readonly starterFor: (context: InvocationContext) => OrchestrationStarter;
  readonly now: () => Date;
  readonly states: StateStore;
}

/** A timer may fire a moment early; such a firing still means the occurrence ahead. */
const EARLY_MS = 2_000;

/** Asks for the run of the schedule occurrence that is due. Two firings, or two hosts, mean the same occurrence and get one run. */
export function createScheduledRun(
  pipeline: string,
  schedule: Schedule,
  { requests, starterFor, now, states }: ScheduledRunDeps,
) {
  return async (timer: Timer, context: InvocationContext): Promise<void> => {
    const occurrence = dueOccurrence(schedule, new Date(now().getTime() + EARLY_MS));
    if (occurrence === null) return;
    const log = createLogger(context);
    if (holdingPause((await states.get(pipeline)).pause) !== null) {
      log.info("schedule occurrence waits for the end of a pause", { pipeline, occurrence: occurrence.toISOString() });
      return;
    }
    const request = { pipeline, reason: "schedule", alias: scheduleAlias(occurrence) } as const;
    const { run, created } = await requests.requestRun(request, starterFor(context));
    log.info("scheduled run", { pipeline, runId: run.runId, created, isPastDue: timer.isPastDue });
  };
}

/** Registers the timer of a pipeline that has a schedule. */
export function registerScheduledRun(definition: PipelineDefinition, deps: ScheduledRunDeps): void {
  const schedule = scheduleOf(definition);
  if (schedule === null) return;
  app.timer(`scheduledRun-${definition.name}`, {
    schedule: timerExpression(schedule),
    extraInputs: [df.input.durableClient()],
    handler: createScheduledRun(definition.name, schedule, deps),
  });
}
