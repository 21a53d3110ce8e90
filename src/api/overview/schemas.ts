import { z } from "zod";
import { RUN_STATES } from "../../domain/run";
import { component } from "../registry/components";
import { nullableTimestamp, remedy, timestamp } from "../registry/common-schemas";

const seconds = z.number().nonnegative();
const runState = z.enum(RUN_STATES);

const pipeline = z.strictObject({
  name: z.string(),
  takesDrops: z.boolean(),
  nextAt: nullableTimestamp.meta({ description: "next occurrence of its schedule" }),
  pendingDrops: z.int().nonnegative(),
  morePending: z.boolean().meta({ description: "more wait than were counted" }),
});

const open = z.strictObject({
  runId: z.string(),
  pipeline: z.string(),
  state: runState,
  step: z.string().nullable().meta({ description: "the step that runs" }),
  stepNumber: z.int().nonnegative(),
  steps: z.int().positive(),
});

const night = z.strictObject({
  runId: z.string(),
  createdAt: timestamp,
  state: runState,
  waitSeconds: seconds.meta({ description: "from the intent to the start of its Databricks runs" }),
  steps: z.array(z.strictObject({ name: z.string(), seconds, failed: z.boolean() })),
  failedStep: z.string().nullable(),
});

const need = z.strictObject({
  kind: z
    .enum(["failed", "unproven", "quarantined", "undelivered", "orphaned"])
    .meta({ description: "unproven: only a person can say how a Databricks run ended" }),
  pipeline: z.string(),
  runId: z.string().nullable(),
  at: timestamp,
  title: z.string(),
  detail: z.string(),
  remedy,
});

export const overviewSchema = component(
  "Overview",
  z.strictObject({
    pipelines: z.array(pipeline),
    open: z.array(open).meta({ description: "runs that are not over, newest first" }),
    dataUpTo: z
      .strictObject({ at: timestamp, runId: z.string() })
      .nullable()
      .meta({ description: "the newest watermark that a step told" }),
    model: z
      .strictObject({ name: z.string(), version: z.string(), at: timestamp, runId: z.string() })
      .nullable()
      .meta({ description: "the one that scored last" }),
    nights: z.array(night).meta({ description: "the last 30 runs of the pipeline that takes drops, oldest first" }),
    needs: z.array(need).meta({ description: "what only a person can settle, newest first" }),
  }),
);
export type OverviewView = z.infer<typeof overviewSchema>;
