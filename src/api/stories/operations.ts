import { z } from "zod";
import { RunNotInLedgerError } from "../../ledger/errors";
import type { Story } from "../../runs/why";
import { requireKnownPipeline, type ApiPorts } from "../ports";
import { nullableTimestamp } from "../registry/common-schemas";
import { component } from "../registry/components";
import { answer, operation } from "../registry/operation";

export const storySchema = component(
  "Story",
  z.strictObject({
    kind: z.enum(["run", "blob", "entity"]),
    id: z.string(),
    sentences: z.array(z.strictObject({ at: nullableTimestamp, text: z.string() })),
    runs: z.array(z.url()).meta({ description: "the runs that it leads to" }),
  }),
);

const whyQuery = z.strictObject({
  of: z.string().min(1).max(1100).meta({ description: "id of a run, or path of a blob in a drops container" }),
});

const tellWhy = operation({
  id: "tellWhy",
  summary: "Tell the whole story of a run or a blob in sentences",
  description:
    "When it was seen, what it waited for, its batch, its run, the Databricks runs with rows read, accepted and quarantined and the versions of model and tables, or why nothing ran.",
  http: { method: "GET", path: "v1/why" },
  command: "why",
  examples: ["why --of telemetry/2015-11-15.csv.gz", "why --of scoring-20151116t063000-1a2b3c4d"],
  access: "reader",
  readOnly: true,
  etag: true,
  query: whyQuery,
  answers: { 200: { description: "The story, in the order in which it happened", schema: storySchema } },
  problems: ["unknown-run"],
  async run({ query: { of: subject }, root }, { stories }: Pick<ApiPorts, "stories">) {
    const story = await stories.why(subject);
    if (story === null) throw new RunNotInLedgerError(subject);
    return answer(200, storyView(story, root));
  },
});

const tellWhyEntity = operation({
  id: "tellWhyEntity",
  summary: "Tell why an entity, such as a machine, has the scores that it has, or none",
  description:
    "From what the newest runs exported and noted: its scores and the model's reasons, days that lack readings, rows of it in quarantine, when it came or left.",
  http: { method: "GET", path: "v1/pipelines/{pipeline}/entities/{entity}/why" },
  command: "entities why",
  examples: ["entities why scoring 42"],
  access: "reader",
  readOnly: true,
  etag: true,
  path: z.strictObject({
    pipeline: z.string().meta({ description: "name of a pipeline" }),
    entity: z.string().meta({ description: "id of the entity, such as the number of a machine" }),
  }),
  answers: { 200: { description: "The story, as far as files in the storage account tell it", schema: storySchema } },
  problems: ["unknown-pipeline"],
  async run({ path, root }, { runs, stories }: Pick<ApiPorts, "runs" | "stories">) {
    const pipeline = await requireKnownPipeline(runs, path.pipeline);
    return answer(200, storyView(await stories.whyEntity(pipeline, path.entity), root));
  },
});

/** A story as the API shows it, with links to its runs. */
function storyView({ subject, sentences, runIds }: Story, root: string): z.infer<typeof storySchema> {
  const told = sentences.map(({ at, text }) => ({ at, text }));
  return { ...subject, sentences: told, runs: runIds.map((runId) => `${root}/v1/runs/${runId}`) };
}

export const STORY_OPERATIONS = [tellWhy, tellWhyEntity];
