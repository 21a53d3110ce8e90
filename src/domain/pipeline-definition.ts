import { z } from "zod";
import { MAX_PIPELINE_NAME } from "./ids";
import type { DefinitionFaultKind } from "./messages/definition-faults";
import { scheduleFault, timeZoneFault, type Schedule } from "./schedule";

/** Job parameters that every step gets; a step's own may not take their names. */
export const COMMON_PARAMETERS = [
  "run_id",
  "deployment_id",
  "manifest_path",
  "window_start",
  "window_end",
  "catalog",
  "schema",
  "volume_root",
  "scenario",
] as const;

/** Which remedy a rule of our own has. */
const kind = (name: DefinitionFaultKind): { readonly kind: DefinitionFaultKind } => ({ kind: name });

const seconds = z.number().int().nonnegative();
const parameterName = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/, "expected a parameter name of a-z, 0-9 and _")
  .refine((name) => !(COMMON_PARAMETERS as readonly string[]).includes(name), {
    message: "is a parameter that every step gets",
    params: kind("reserved"),
  });

const stepSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "expected a-z, 0-9 and _, beginning with a letter"),
  job: z.string().min(1),
  /** Of the job, when the step is one task of several; the run of the step before then serves this one too. Never in a file: `sharedJob` gives it. */
  task: z
    .string()
    .regex(/^[\w-]{1,100}$/, "expected a task key of letters, digits, _ and -")
    .optional(),
  readsManifest: z.boolean().default(false),
  timeoutSeconds: z.number().int().positive().max(604_800),
  retry: z
    .strictObject({
      maxGenerations: z.number().int().min(1).max(10),
      firstDelaySeconds: seconds.max(3600),
      backoff: z.number().min(1).max(10),
    })
    .default({ maxGenerations: 1, firstDelaySeconds: 30, backoff: 2 }),
  parameters: z.record(parameterName, z.string()).default({}),
  /** Of the compute that the job runs on; the cost of a run is counted with it. */
  dbuPerHour: z.number().positive().max(10_000).default(1),
});

/** When a delivery of a source is whole, and how long one that is not is waited for. */
const deliverySchema = z
  .strictObject({
    /** Files that it has. */
    count: z.number().int().positive().max(10_000).optional(),
    /** Last names of the files that it has. */
    names: z.array(z.string().min(1).max(200)).min(1).max(1000).optional(),
    /** Path of a blob in the drops container that is put last; `{delivery}` and `{source}` stand for themselves. */
    marker: z.string().min(1).max(500).optional(),
    /** From its first file on; then it is taken as it is, and the run says so. */
    waitSeconds: z.number().int().positive().max(604_800).default(3600),
  })
  .refine(({ count, names, marker }) => [count, names, marker].some((rule) => rule !== undefined), {
    message: "expected count, names or marker",
    params: kind("delivery"),
  });

const dropsSchema = z
  .strictObject({
    container: z.string().regex(/^[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]$/, "expected a container name"),
    pathPattern: z.string().superRefine((text, context) => {
      try {
        new RegExp(text);
      } catch (error) {
        context.addIssue({ code: "custom", message: (error as Error).message, params: kind("path_pattern") });
        return;
      }
      if (!text.includes("(?<source>"))
        context.addIssue({
          code: "custom",
          message: "expected a named group (?<source>…)",
          params: kind("path_pattern"),
        });
    }),
    /** By source: when a delivery is whole. Its files are those with the same (?<delivery>…) in the path. */
    deliveries: z.record(z.string(), deliverySchema).optional(),
    quietPeriodSeconds: seconds,
    maxWaitSeconds: seconds,
    freeze: z.enum(["copy", "reference"]).default("copy"),
    /** How long an empty or an appended blob must not have changed before it counts as finished. */
    settleSeconds: seconds.max(86_400).default(300),
    /** How long the freeze may go without getting a drop further; what is left then is quarantined. */
    freezeTimeoutSeconds: z.number().int().positive().max(604_800).default(3600),
    /** Drops of one batch at most; the others are taken by the runs after. */
    maxFiles: z.number().int().positive().max(100_000).default(100_000),
    /** Bytes of one batch at most, but for a single drop that is larger. */
    maxBytes: z.number().int().positive().optional(),
    /** From when on a later run takes over the batch of a failed one; twice as long with every time. */
    retakeAfterSeconds: seconds.max(2_592_000).default(21_600),
    /** How often a batch is taken over; then it waits for a person. */
    maxRetakes: z.number().int().min(0).max(20).default(3),
    /** Whether a scheduled run without a drop runs its steps after a run that did not succeed, since they may have left something. */
    catchUp: z.boolean().default(false),
  })
  .refine((drops) => drops.maxWaitSeconds >= drops.quietPeriodSeconds, {
    message: "must not be less than quietPeriodSeconds",
    params: kind("shorter"),
    path: ["maxWaitSeconds"],
  })
  .refine(({ deliveries, pathPattern }) => deliveries === undefined || pathPattern.includes("(?<delivery>"), {
    message: "needs a named group (?<delivery>…) in pathPattern, by which the files of a delivery are known",
    params: kind("delivery"),
    path: ["deliveries"],
  });

const days = z.number().positive().max(36_500);

/** How long what belongs to a closed run is kept, in days after its end. */
const retentionSchema = z
  .strictObject({
    /** Histories of its orchestrations. */
    historyDays: days.default(30),
    /** Frozen copies, manifest, outcome lists and exit JSON. */
    batchesDays: days.default(180),
    /** Its rows in the ledger, and its results. */
    ledgerDays: days.default(1095),
    /** Messages that nobody took. */
    messagesDays: days.default(90),
  })
  .refine(({ historyDays, batchesDays, ledgerDays }) => historyDays <= ledgerDays && batchesDays <= ledgerDays, {
    message:
      "must not be less than historyDays and batchesDays: without its rows nobody would find what is left of a run",
    params: kind("shorter"),
    path: ["ledgerDays"],
  });

/** One definition file `pipelines/<name>.json` (contracts.md section 5), strict about unknown keys. */
export const pipelineDefinitionSchema = z
  .strictObject({
    /** For editors, which check and complete by it. */
    $schema: z.string().optional(),
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/, "expected a-z, 0-9 and -")
      .max(MAX_PIPELINE_NAME),
    description: z.string(),
    schedule: z
      .string()
      .superRefine((text, context) => {
        const fault = scheduleFault(text);
        if (fault === null) return;
        context.addIssue({
          code: "custom",
          message: `expected six NCRONTAB fields: ${fault}`,
          params: kind("schedule"),
        });
      })
      .optional(),
    /** Of the schedule. */
    timeZone: z
      .string()
      .superRefine((name, context) => {
        const fault = timeZoneFault(name);
        if (fault !== null) context.addIssue({ code: "custom", message: fault, params: kind("time_zone") });
      })
      .default("UTC"),
    /** More missed occurrences than this are caught up only when a person approves. */
    approveCatchUpAbove: z.number().int().min(0).max(1000).optional(),
    concurrencyGroup: z.string().regex(/^[a-z0-9-]{1,63}$/, "expected a-z, 0-9 and -"),
    drops: dropsSchema.optional(),
    window: z.strictObject({ rule: z.literal("watermark") }),
    /** Package with the declaration that the jobs work by; the notebooks have a default. */
    scenario: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,62}$/, "expected a package name of a-z, 0-9 and _")
      .optional(),
    /** Schema of the tables and models, so that scenarios do not meet; by default that of the deployment. */
    schema: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, "expected a schema name of letters, digits, _ and -")
      .optional(),
    /** Of one attempt, from the moment it has its slot: its steps are cancelled then. */
    timeoutSeconds: z.number().int().positive().max(2_592_000).default(172_800),
    /** When people are told, besides of failures. */
    notify: z
      .strictObject({
        /** A run that has not ended so long after it was asked for is late. */
        lateAfterSeconds: z.number().int().positive().max(2_592_000).default(43_200),
        /** Share of a batch's rows or files from which quarantine is worth a message. */
        quarantineShare: z.number().min(0).max(1).default(0.05),
      })
      .prefault({}),
    retention: retentionSchema.prefault({}),
    steps: z.array(stepSchema).min(1).max(50),
    /** Job whose tasks are the steps, one after the other, when all steps are to be one Databricks run. */
    sharedJob: z.string().min(1).optional(),
  })
  .superRefine((definition, context) => {
    const names = definition.steps.map((step) => step.name);
    names.forEach((name, index) => {
      if (names.indexOf(name) !== index)
        context.addIssue({
          code: "custom",
          message: `step name ${name} occurs twice`,
          path: ["steps", index, "name"],
          params: kind("step_twice"),
        });
    });
  });

/** A checked pipeline definition. */
export type PipelineDefinition = z.infer<typeof pipelineDefinitionSchema>;

/** When the pipeline runs by itself; null when it does not. */
export function scheduleOf({ schedule, timeZone }: Pick<PipelineDefinition, "schedule" | "timeZone">): Schedule | null {
  return schedule === undefined ? null : { expression: schedule, timeZone };
}

/** One step of a definition. */
export type StepDefinition = PipelineDefinition["steps"][number];
/** All definitions by name. */
export type PipelineDefinitions = ReadonlyMap<string, PipelineDefinition>;

/** The pipeline that takes a blob, with its source name; the first in name order when several patterns match. */
export function routeDrop(
  definitions: PipelineDefinitions,
  container: string,
  path: string,
): { pipeline: string; source: string } | null {
  for (const { name, drops } of definitions.values()) {
    if (drops?.container !== container) continue;
    const source = new RegExp(drops.pathPattern).exec(path)?.groups?.["source"];
    if (source) return { pipeline: name, source };
  }
  return null;
}
