import { z } from "zod";
import { MAX_PAGE_SIZE, timestamp } from "../registry/common-schemas";
import { component } from "../registry/components";

export const predictionSchema = component(
  "Prediction",
  z.strictObject({
    runId: z.string(),
    entity: z.string().meta({ description: "id of what may fail" }),
    target: z.string().meta({ description: "what may happen to it, such as the component that may fail" }),
    asOf: timestamp,
    horizonHours: z.number(),
    probability: z.number().min(0).max(1),
    threshold: z.number(),
    alert: z.boolean(),
    reasons: z.array(z.string()),
    note: z.string().nullable(),
    modelVersion: z.string(),
    revision: z.number().int().meta({ description: "counts the re-scores of this point" }),
  }),
);

export const predictionsSchema = component(
  "Predictions",
  z.strictObject({
    runId: z.string().nullable().meta({ description: "the run that scored them; null for several" }),
    asOf: timestamp.nullable().meta({ description: "the newest point" }),
    value: z.array(predictionSchema),
  }),
);

const reading = z.strictObject({
  name: z.string(),
  unit: z.string(),
  mean: z.number().nullable().meta({ description: "of its own normal" }),
  sd: z.number().nullable().meta({ description: "standard deviation of its own normal" }),
  points: z.array(z.number().nullable()).meta({ description: "one a step, oldest first; null where nothing was read" }),
});

export const evidenceSchema = component(
  "Evidence",
  z.strictObject({
    entity: z.string(),
    before: z
      .strictObject({
        runId: z.string(),
        asOf: timestamp.meta({ description: "the point that was scored; nothing after it is in here" }),
        from: timestamp,
        stepSeconds: z.number().positive(),
        values: z.array(reading),
        marks: z.array(
          z.strictObject({
            at: timestamp,
            kind: z.enum(["event", "maintenance"]),
            name: z.string(),
          }),
        ),
      })
      .nullable()
      .meta({ description: "the days before the latest point; null when the newest runs kept none of it" }),
    afterwards: z.strictObject({
      known: z
        .array(z.strictObject({ from: timestamp, until: timestamp }))
        .meta({ description: "within these times every failure is listed" }),
      failures: z.array(z.strictObject({ target: z.string(), at: timestamp })),
    }),
  }),
);

const filters = {
  horizon: z.coerce.number().int().positive().optional().meta({ description: "hours; all horizons without it" }),
  target: z.string().optional().meta({ description: "one target alone" }),
};

export const topQuery = z.strictObject({
  ...filters,
  runId: z.string().optional().meta({ description: "scores of this run; of the newest that scored without it" }),
  alerts: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional()
    .meta({ description: "true: those above their threshold alone" }),
  top: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(20).meta({ description: "how many" }),
});

export const historyQuery = z.strictObject({
  ...filters,
  runs: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(30)
    .meta({ description: "how many of the newest runs to read" }),
});

export const entityPath = z.strictObject({
  pipeline: z.string().meta({ description: "name of a pipeline that scores" }),
  entity: z.string().meta({ description: "id of what may fail, such as a machine's" }),
});
