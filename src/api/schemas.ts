import { z } from "zod";
import { RUN_STATES } from "../domain/run";
import { windowSchema } from "../domain/window";

/** The bodies that the HTTP API reads and writes. The OpenAPI document is generated from these. */

const timestamp = z.iso.datetime();
const nullableTimestamp = timestamp.nullable();
const nullableSeconds = z.number().nonnegative().nullable();

export const startRunBody = z
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
  .meta({ description: "what to run; an empty body runs the pipeline by its own rule" });

export const routeDropsBody = z
  .strictObject({ to: z.string().meta({ description: "the pipeline that gets them, if its path pattern takes them" }) })
  .meta({ description: "where the pending drops of a pipeline without definition go" });

export const routedDropsSchema = z.strictObject({
  routed: z.int().nonnegative(),
  refused: z.int().nonnegative().meta({ description: "drops that the other pipeline's pattern does not take" }),
});

/** Drops are at most this many in one page, and so are runs. */
export const MAX_PAGE_SIZE = 200;

const runState = z.enum(RUN_STATES);
const dropState = z.enum(["pending", "claimed", "batched", "superseded", "vanished", "quarantined"]);
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
const top = z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(50).meta({ description: "page size" });
const token = z.string().min(1).optional().meta({ description: "from a nextLink" });

export const listRunsQuery = z.strictObject({
  pipeline: z.string().optional(),
  state: runState.optional(),
  top,
  token,
});
export const listPipelineRunsQuery = listRunsQuery.omit({ pipeline: true });
export const listDropsQuery = z.strictObject({
  state: dropState.optional(),
  path: z.string().optional(),
  runId: z.string().optional(),
  top,
  token,
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
  intendedAt: timestamp,
  startedAt: nullableTimestamp,
  endedAt: nullableTimestamp,
  durationSeconds: nullableSeconds,
});

export const runSchema = z.strictObject({
  id: z.string(),
  pipeline: z.string(),
  state: runState,
  reason: z.enum(["schedule", "drops", "http", "retry"]),
  window: z.strictObject({ start: z.string(), end: z.string() }).nullable(),
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
  retakeOf: z.string().nullable(),
  supersededBy: z.string().nullable(),
  error: z.strictObject({ code: z.string(), message: z.string(), step: z.string().nullable() }).nullable(),
  steps: z.array(
    z.strictObject({ name: z.string(), job: z.string(), state: stepState, generations: z.array(generation) }),
  ),
  links: z.strictObject({ self: z.url(), cancel: z.url(), retry: z.url(), drops: z.url() }),
});

export const dropSchema = z.strictObject({
  path: z.string(),
  etag: z.string(),
  container: z.string(),
  source: z.string(),
  size: z.number(),
  lastModified: timestamp,
  state: dropState,
  reason: z.string().nullable(),
  runId: z.string().nullable(),
  seenAt: timestamp,
});

const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    value: z.array(item),
    nextLink: z.url().optional().meta({ description: "absent on the last page" }),
  });
const runSummarySchema = runSchema.omit({ steps: true });
export const runPageSchema = pageOf(runSummarySchema);
export const dropPageSchema = pageOf(dropSchema);

export const pipelineSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  schedule: z.string().nullable().meta({ description: "NCRONTAB, six fields, in timeZone" }),
  timeZone: z.string().meta({ description: "IANA name" }),
  concurrencyGroup: z.string(),
  takesDrops: z.boolean(),
  steps: z.array(z.strictObject({ name: z.string(), job: z.string() })),
  links: z.strictObject({ runs: z.url(), drops: z.url() }),
});
export const pipelinePageSchema = pageOf(pipelineSchema);

const check = z.strictObject({
  name: z.string(),
  status: z.enum(["ok", "failed", "skipped"]),
  message: z.string().meta({ description: "what is wrong and which setting or permission to look at" }),
});
export const healthSchema = z.strictObject({
  status: z.enum(["healthy", "unhealthy"]),
  version: z.string(),
  checks: z.array(check),
});

export const problemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  instance: z.string(),
  traceId: z.string(),
  errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })),
});

/** What Databricks sends to a webhook destination; only the run id is read. */
export const webhookBody = z.object({
  event_type: z.string().optional(),
  run: z.object({ run_id: z.union([z.int(), z.string().regex(/^\d+$/)]).meta({ description: "int64" }) }),
});

/** Bodies with a name of their own in the document. */
export const COMPONENTS = {
  StartRun: startRunBody,
  RouteDrops: routeDropsBody,
  RoutedDrops: routedDropsSchema,
  Run: runSchema,
  RunSummary: runSummarySchema,
  RunPage: runPageSchema,
  Drop: dropSchema,
  DropPage: dropPageSchema,
  Pipeline: pipelineSchema,
  PipelinePage: pipelinePageSchema,
  Health: healthSchema,
  Problem: problemSchema,
  WebhookNotification: webhookBody,
} as const;
