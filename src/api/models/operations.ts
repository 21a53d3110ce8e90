import { z } from "zod";
import { readModels } from "../../runs/results/models";
import type { ApiPorts } from "../ports";
import { timestamp } from "../registry/common-schemas";
import { component } from "../registry/components";
import { answer, operation } from "../registry/operation";

const eventSchema = z.strictObject({
  runId: z.string(),
  pipeline: z.string(),
  step: z.string(),
  at: timestamp,
  decision: z.string().nullable().meta({ description: "the gate's, where the step made one: promoted, refused, …" }),
  warnings: z.array(z.string()).meta({ description: "what spoke against it" }),
  metrics: z.record(z.string(), z.union([z.number(), z.string()])),
});

export const modelSchema = component(
  "Model",
  z.strictObject({
    name: z.string(),
    version: z.string(),
    role: z.enum(["champion", "challenger", "former"]),
    events: z.array(eventSchema).meta({ description: "newest first" }),
  }),
);
export const modelPageSchema = component("ModelPage", z.strictObject({ value: z.array(modelSchema) }));

const listModels = operation({
  id: "listModels",
  summary: "List the model versions that recent runs trained, judged or used",
  description: "Told from what steps said at their end; the model registry itself is not asked.",
  http: { method: "GET", path: "v1/models" },
  command: "models list",
  columns: ["name", "version", "role", "events.0.step", "events.0.decision", "events.0.at", "events.0.runId"],
  access: "reader",
  readOnly: true,
  etag: true,
  query: z.strictObject({
    runs: z.coerce
      .number()
      .int()
      .min(1)
      .max(100)
      .default(30)
      .meta({ description: "newest runs of each pipeline to read" }),
  }),
  answers: { 200: { description: "Versions, newest first", schema: modelPageSchema } },
  problems: [],
  async run({ query }, { runs }: Pick<ApiPorts, "runs">) {
    const source = {
      pipelines: async () => runs.pipelines(),
      listRuns: async (filter: { pipeline: string; top: number }) => runs.listRuns(filter),
      getRun: async (runId: string) => runs.getRun(runId),
    };
    const models = await readModels(source, query.runs);
    const value = models.map((model) => ({
      ...model,
      events: model.events.map((event) => ({ ...event, warnings: [...event.warnings], metrics: { ...event.metrics } })),
    }));
    return answer(200, { value });
  },
});

export const MODEL_OPERATIONS = [listModels];
