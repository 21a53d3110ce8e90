import { app, type InvocationContext, type Timer } from "@azure/functions";
import * as df from "durable-functions";
import { scheduleAlias } from "../domain/ids";
import type { PipelineDefinition } from "../domain/pipeline-definition";
import { lastOccurrence } from "../domain/schedule";
import type { RunRequests } from "../ledger/run-requests";
import type { OrchestrationStarter } from "../domain/orchestration-starter";
import { createLogger } from "../logging/logger";

/** What a schedule needs to make its request. */
export interface ScheduledRunDeps {
  readonly requests: RunRequests;
  readonly starterFor: (context: InvocationContext) => OrchestrationStarter;
  readonly now: () => Date;
}

/** A timer may fire a moment early; such a firing still means the occurrence ahead. */
const EARLY_MS = 2_000;

/** Asks for the run of the schedule occurrence that is due. Two firings, or two hosts, mean the same occurrence and get one run. */
export function createScheduledRun(
  pipeline: string,
  schedule: string,
  { requests, starterFor, now }: ScheduledRunDeps,
) {
  return async (timer: Timer, context: InvocationContext): Promise<void> => {
    const occurrence = lastOccurrence(schedule, new Date(now().getTime() + EARLY_MS));
    if (occurrence === null) throw new Error(`schedule ${schedule} of ${pipeline} has no occurrence before now`);
    const request = { pipeline, reason: "schedule", alias: scheduleAlias(occurrence) } as const;
    const { run, created } = await requests.requestRun(request, starterFor(context));
    createLogger(context).info("scheduled run", { pipeline, runId: run.runId, created, isPastDue: timer.isPastDue });
  };
}

/** Registers the timer of a pipeline that has a schedule. */
export function registerScheduledRun({ name, schedule }: PipelineDefinition, deps: ScheduledRunDeps): void {
  if (schedule === undefined) return;
  app.timer(`scheduledRun-${name}`, {
    schedule,
    extraInputs: [df.input.durableClient()],
    handler: createScheduledRun(name, schedule, deps),
  });
}
