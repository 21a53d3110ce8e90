import type { z } from "zod";
import { compact } from "../../domain/compact";
import { actOnSelection, planAction, type RunSelection } from "../../operations/act-on-runs";
import { requirePipeline, type ApiPorts } from "../ports";
import { answer, operation } from "../registry/operation";
import { operatorOf } from "../registry/operator";
import { actionAnswersSchema, actionPath, actionPlanSchema, applyActionBody, selectionQuery } from "./verb-schemas";

type Operations = Pick<ApiPorts, "operations" | "pipelines">;

function selectionOf({ state, trigger, ...filter }: z.infer<typeof selectionQuery>): RunSelection {
  return compact<RunSelection>({ ...filter, reason: trigger, states: state === undefined ? undefined : [state] });
}

const planRunAction = operation({
  id: "planRunAction",
  summary: "Show which runs a retry, cancel or rerun of a selection would change",
  description: "Changes nothing. Its hash lets applyRunAction change exactly these.",
  http: { method: "GET", path: "v1/run-actions/{action}" },
  command: "runs plan",
  examples: ["runs plan retry --pipeline scoring --state failed"],
  access: "reader",
  readOnly: true,
  path: actionPath,
  query: selectionQuery,
  answers: { 200: { description: "How many, which, and the hash", schema: actionPlanSchema } },
  problems: ["unknown-pipeline"],
  async run({ path, query: filter }, { operations, pipelines }: Operations) {
    requirePipeline(pipelines, filter.pipeline);
    const plan = await planAction(operations, path.action, selectionOf(filter));
    return answer(200, { ...plan, runs: plan.runs.map((run) => ({ ...run })) });
  },
});

const applyRunAction = operation({
  id: "applyRunAction",
  summary: "Retry, cancel or rerun every run of a selection that was shown before",
  description:
    "One that cannot be changed keeps none of the others waiting. Refused when the filter selects other runs by now, or they have moved on.",
  http: { method: "POST", path: "v1/run-actions/{action}" },
  command: "runs apply",
  examples: ['runs apply retry --pipeline scoring --state failed --hash 9f86… --reason "the cluster was full"'],
  access: "operator",
  readOnly: false,
  path: actionPath,
  body: applyActionBody,
  answers: { 200: { description: "An answer for each run", schema: actionAnswersSchema } },
  problems: ["unknown-pipeline", "plan-moved"],
  async run({ path, body: { hash, reason, ...filter }, ...call }, { operations, pipelines }: Operations) {
    requirePipeline(pipelines, filter.pipeline);
    const operator = operatorOf(call, reason);
    const answers = await actOnSelection(operations, path.action, selectionOf(filter), hash, operator);
    const done = answers.filter((each) => each.done).length;
    return answer(200, { done, failed: answers.length - done, answers: answers.map((each) => ({ ...each })) });
  },
});

export const RUN_SELECTIONS = [planRunAction, applyRunAction];
