import { z } from "zod";
import { BACKFILL_STATES, REPROCESS } from "../../domain/backfill";
import { RUN_STATES } from "../../domain/run";
import { nullableTimestamp, timestamp } from "../registry/common-schemas";
import { component } from "../registry/components";
import { reason } from "../registry/operator";

/** What a plan and a start ask for alike. */
const asked = {
  from: timestamp.meta({ description: "first as-of time" }),
  to: timestamp.meta({ description: "as-of time after the last" }),
  windowHours: z.coerce
    .number()
    .int()
    .min(1)
    .max(744)
    .default(24)
    .meta({ description: "length of a window; the last may be shorter" }),
  reprocess: z.enum(REPROCESS).default("none").meta({
    description: "windows that run again although a run was made for them: none, those that failed, all that ended",
  }),
};

export const backfillQuery = z.strictObject(asked);
export const startBackfillBody = component(
  "StartBackfill",
  z.strictObject({ ...asked, hash: z.string().meta({ description: "of the plan that you saw" }), reason }),
);
export const backfillPath = z.strictObject({ backfillId: z.string().meta({ description: "id of a backfill" }) });

const whole = z.number().int().nonnegative();
export const backfillPlanSchema = component(
  "BackfillPlan",
  z.strictObject({
    count: whole.meta({ description: "windows that would run" }),
    windows: z.array(
      z.strictObject({
        start: timestamp,
        end: timestamp,
        action: z.enum(["run", "skip"]),
        why: z.string(),
        run: z
          .strictObject({ runId: z.string(), state: z.enum(RUN_STATES), attempt: whole })
          .nullable()
          .meta({ description: "the newest run that was asked for exactly this window" }),
      }),
    ),
    hash: z.string().meta({ description: "of what is asked for and of what exists; the start takes it" }),
  }),
);

export const backfillSchema = component(
  "Backfill",
  z.strictObject({
    id: z.string(),
    pipeline: z.string(),
    from: timestamp,
    to: timestamp,
    windowHours: whole,
    reprocess: z.enum(REPROCESS),
    state: z
      .enum(BACKFILL_STATES)
      .meta({ description: "stopped: three windows in a row failed, or its pipeline is gone" }),
    windows: whole.meta({ description: "windows that run" }),
    done: whole,
    failed: whole,
    runId: z.string().nullable().meta({ description: "the run of the window that is at work" }),
    reason: z.string(),
    createdAt: timestamp,
    endedAt: nullableTimestamp,
  }),
);
export const backfillsSchema = component("Backfills", z.strictObject({ value: z.array(backfillSchema) }));
