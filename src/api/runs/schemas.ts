import { z } from "zod";
import { RUN_REASONS, RUN_STATES } from "../../domain/run";
import { windowSchema } from "../../domain/window";
import { nullableSeconds, nullableTimestamp, pageOf, pageQuery, remedy, timestamp } from "../registry/common-schemas";
import { component } from "../registry/components";

export const startRunBody = component(
  "StartRun",
  z
    .strictObject({
      window: windowSchema.optional().meta({ description: "half-open span of as-of times to score, UTC with Z" }),
      rerun: z
        .boolean()
        .default(false)
        .meta({ description: "true asks for a new run although the same work is open or done" }),
      parameters: z
        .record(z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/), z.string().max(1000))
        .refine((entries) => Object.keys(entries).length <= 50, "at most 50 parameters")
        .default({})
        .meta({ description: "step parameters that override the definition's" }),
    })
    .meta({ description: "what to run; an empty body runs the pipeline by its own rule" }),
);

const runState = z.enum(RUN_STATES);
const stepState = z.enum([
  "pending",
  "running",
  "succeeded",
  "failed",
  "not_ready",
  "nothing_to_do",
  "cancelled",
  "skipped",
]);

/** What runs are looked for by. */
export const searchQuery = {
  trigger: z.enum(RUN_REASONS).optional().meta({ description: "runs that were asked for by this" }),
  errorCode: z.string().optional().meta({ description: "runs that ended with this error, such as RUN_TIMED_OUT" }),
  createdFrom: z.iso.datetime().optional().meta({ description: "runs made at or after" }),
  createdBefore: z.iso.datetime().optional().meta({ description: "runs made before" }),
};

export const listRunsQuery = z.strictObject({
  pipeline: z.string().optional().meta({ description: "runs of this pipeline alone" }),
  state: runState.optional(),
  ...searchQuery,
  ...pageQuery,
});

const generation = z.strictObject({
  generation: z.number().int().meta({ description: "counts the Databricks runs of this step, from 0" }),
  attempt: z.number().int(),
  databricksRunId: z.string().nullable().meta({ description: "int64 as a decimal string" }),
  jobId: z.string().nullable(),
  url: z.string().nullable().meta({ description: "the run's page in Databricks" }),
  lifeCycleState: z.string().nullable(),
  resultState: z.string().nullable(),
  verdict: z
    .strictObject({
      kind: z.enum(["succeeded", "failed"]),
      cause: z.string().nullable(),
      code: z.string(),
      message: z.string(),
    })
    .nullable(),
  error: z
    .strictObject({
      message: z.string(),
      cell: z.string().nullable().meta({ description: "cell or file of the notebook, with the line" }),
      trace: z.string().nullable().meta({ description: "the end of the trace" }),
    })
    .nullable()
    .meta({ description: "how the notebook failed; null when it did not, or Databricks did not tell" }),
  status: z.string().nullable().meta({ description: "status of the notebook's exit JSON" }),
  reason: z.string().nullable(),
  counts: z.record(z.string(), z.number()).nullable(),
  tables: z.record(z.string(), z.strictObject({ version: z.number() })).nullable(),
  model: z.strictObject({ name: z.string(), version: z.string() }).nullable(),
  warnings: z.array(z.string()),
  outcomePath: z.string().nullable(),
  lastFault: z
    .string()
    .nullable()
    .meta({ description: "why the last call to Databricks about it failed; it is being tried again" }),
  needsPerson: z
    .string()
    .nullable()
    .meta({ description: "why only a person can settle it; its run keeps its slot until then" }),
  remedy: remedy.nullable(),
  intendedAt: timestamp,
  startedAt: nullableTimestamp,
  endedAt: nullableTimestamp,
  durationSeconds: nullableSeconds,
});

export const runSchema = component(
  "Run",
  z.strictObject({
    id: z.string(),
    pipeline: z.string(),
    state: runState,
    reason: z.enum(RUN_REASONS),
    window: z.strictObject({ start: z.string(), end: z.string() }).nullable(),
    requestedBy: z.string().nullable().meta({ description: "who asked for it; null where only a key was known" }),
    rerun: z.boolean(),
    parameters: z.record(z.string(), z.string()),
    attempt: z.number().int(),
    createdAt: timestamp,
    startedAt: nullableTimestamp,
    frozenAt: nullableTimestamp,
    endedAt: nullableTimestamp,
    durationSeconds: nullableSeconds,
    cancelRequestedAt: nullableTimestamp,
    batch: z.strictObject({
      ...{ drops: z.number(), bytes: z.number() },
      ...{ superseded: z.number(), vanished: z.number(), quarantined: z.number() },
    }),
    notes: z.array(z.string()).meta({ description: "what to know of the batch, such as a delivery taken incomplete" }),
    retakeOf: z.string().nullable(),
    supersededBy: z.string().nullable(),
    retryFault: z
      .string()
      .nullable()
      .meta({ description: "why it cannot be retried, as the rest of: run … is …; null when it can" }),
    error: z
      .strictObject({
        code: z.string().meta({ description: "stable; docs/messages.md lists them" }),
        message: z.string(),
        step: z.string().nullable(),
        remedy,
      })
      .nullable(),
    waiting: z
      .strictObject({
        for: z.string(),
        until: nullableTimestamp.meta({ description: "when the wait ends by itself at the latest" }),
        nextLookWithinSeconds: z.number().int().meta({ description: "hurry makes it look at once" }),
        position: z.number().int().nullable().meta({ description: "place in the queue of its group's slot, from 1" }),
        behind: z.string().nullable().meta({ description: "the run that holds the slot" }),
      })
      .nullable()
      .meta({ description: "what an open run waits for" }),
    cost: z
      .strictObject({
        databricksSeconds: z.number().meta({ description: "of all its Databricks runs, cold starts included" }),
        dbuSeconds: z.number().meta({ description: "each second times dbuPerHour of its step; divided by 3600: DBU" }),
        atLeast: z.boolean().meta({ description: "true while a Databricks run has no known duration" }),
      })
      .meta({ description: "of every generation of every attempt" }),
    steps: z.array(
      z.strictObject({ name: z.string(), job: z.string(), state: stepState, generations: z.array(generation) }),
    ),
    links: z.strictObject({ self: z.url(), cancel: z.url(), retry: z.url(), drops: z.url() }),
  }),
);

const runSummarySchema = component("RunSummary", runSchema.omit({ steps: true, waiting: true, cost: true }));
export const runPageSchema = component("RunPage", pageOf(runSummarySchema));
