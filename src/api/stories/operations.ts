import { z } from "zod";
import { RunNotInLedgerError } from "../../ledger/errors";
import type { ApiPorts } from "../ports";
import { nullableTimestamp } from "../registry/common-schemas";
import { component } from "../registry/components";
import { answer, operation } from "../registry/operation";

export const storySchema = component(
  "Story",
  z.strictObject({
    kind: z.enum(["run", "blob"]),
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
    const sentences = story.sentences.map(({ at, text }) => ({ at, text }));
    return answer(200, { ...story.subject, sentences, runs: story.runIds.map((runId) => `${root}/v1/runs/${runId}`) });
  },
});

export const STORY_OPERATIONS = [tellWhy];
