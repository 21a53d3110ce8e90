import { z } from "zod";
import type { ApiPorts } from "../ports";
import { pipelinePath } from "../registry/common-schemas";
import { component } from "../registry/components";
import { answer, operation } from "../registry/operation";

const days = z.number().positive();
const runs = z.array(z.string()).meta({ description: "ids of runs" });

const planSchema = component(
  "RetentionPlan",
  z.strictObject({
    policy: z.strictObject({ historyDays: days, batchesDays: days, ledgerDays: days, messagesDays: days }),
    examined: z.int().nonnegative().meta({ description: "runs that were looked at" }),
    more: z.boolean().meta({ description: "whether there are more runs of that age" }),
    due: z
      .strictObject({ history: runs, batch: runs, ledger: runs })
      .meta({ description: "runs of which something would go now, by what" }),
    held: z
      .array(z.strictObject({ runId: z.string(), why: z.string() }))
      .meta({ description: "runs that are old enough, and of which nothing goes" }),
    messages: z.int().nonnegative().meta({ description: "undelivered messages that would go" }),
  }),
);

const planRetention = operation({
  id: "planRetention",
  summary: "Tell what would be removed by age, and what is held and why; a dry run",
  description:
    "The sweeper removes it by itself, a few runs a pass. Nothing goes of what is open, unproven or waits for a person.",
  http: { method: "GET", path: "v1/pipelines/{pipeline}/retention" },
  command: "retention plan",
  examples: ["retention plan scoring"],
  access: "reader",
  readOnly: true,
  path: pipelinePath,
  query: z.strictObject({
    top: z.coerce.number().int().min(1).max(500).default(100).meta({ description: "runs to look at" }),
  }),
  answers: { 200: { description: "What a pass would do now", schema: planSchema } },
  problems: ["unknown-pipeline"],
  async run({ path: { pipeline }, query: { top } }, { retention }: Pick<ApiPorts, "retention">) {
    const { policy, examined, more, due, held, messages } = await retention.plan(pipeline, top);
    const { historyDays, batchesDays, ledgerDays, messagesDays } = policy;
    return answer(200, {
      policy: { historyDays, batchesDays, ledgerDays, messagesDays },
      ...{ examined, more, messages },
      due: { history: [...due.history], batch: [...due.batch], ledger: [...due.ledger] },
      held: held.map(({ runId, why }) => ({ runId, why })),
    });
  },
});

export const RETENTION_OPERATIONS = [planRetention];
