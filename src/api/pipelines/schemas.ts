import { z } from "zod";
import { nullableTimestamp, pageOf, timestamp } from "../registry/common-schemas";
import { component } from "../registry/components";
import { reason } from "../registry/operator";

export const pipelineSchema = component(
  "Pipeline",
  z.strictObject({
    name: z.string(),
    description: z.string(),
    schedule: z.string().nullable().meta({ description: "NCRONTAB, six fields, in timeZone" }),
    timeZone: z.string().meta({ description: "IANA name" }),
    concurrencyGroup: z.string(),
    takesDrops: z.boolean(),
    steps: z.array(z.strictObject({ name: z.string(), job: z.string() })),
    links: z.strictObject({ self: z.url(), runs: z.url(), drops: z.url() }),
  }),
);
export const pipelinePageSchema = component("PipelinePage", pageOf(pipelineSchema));

const count = z.number().int().nonnegative();
export const pipelineStatusSchema = component(
  "PipelineStatus",
  z.strictObject({
    pipeline: z.string(),
    pause: z
      .strictObject({ at: timestamp, reason: z.string() })
      .nullable()
      .meta({ description: "since when and why it does not start by itself; null when it does" }),
    nextRunAt: nullableTimestamp.meta({ description: "next occurrence of the schedule; null without one or paused" }),
    heldCatchUp: z
      .strictObject({ after: timestamp, until: timestamp })
      .nullable()
      .meta({ description: "span of missed schedule occurrences that wait for a decision" }),
    waiting: z.strictObject({
      drops: count.meta({ description: "pending drops; at most 1000 are counted" }),
      oldestDropSeenAt: nullableTimestamp,
      unfinishedBlobs: count.meta({ description: "blobs that their writers have not finished" }),
      occurrences: count.meta({ description: "schedule occurrences that the pause keeps; at most 1000 are counted" }),
      retakes: count.meta({ description: "batches of failed runs that are due for another run" }),
      runs: count.meta({ description: "runs that were asked for and have no slot yet" }),
    }),
  }),
);

export const catchUpBody = component(
  "DecideCatchUp",
  z.strictObject({
    approve: z.boolean().meta({ description: "true asks for a run that covers them, false lets them go" }),
    reason,
  }),
);
export const catchUpSchema = component(
  "CatchUp",
  z.strictObject({
    runId: z.string().nullable().meta({ description: "the run that catches up; null when none does" }),
  }),
);
