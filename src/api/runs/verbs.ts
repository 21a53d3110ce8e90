import { randomUUID } from "node:crypto";
import { actOnRun, hurryRun } from "../../operations/act-on-runs";
import { abandon, settle } from "../../operations/settle";
import type { ApiPorts } from "../ports";
import { runPath } from "../registry/common-schemas";
import { answer, operation } from "../registry/operation";
import { operatorOf, reasonBody } from "../registry/operator";
import { requireRun, shownRun } from "./operations";
import { runSchema } from "./schemas";
import { abandonBody, settleBody, settledSchema } from "./verb-schemas";

type Verbs = Pick<ApiPorts, "operations" | "runs">;

const rerunRun = operation({
  id: "rerunRun",
  summary: "Ask for a new run with the window and parameters of one that ended",
  description: "Scoring what has not changed writes nothing. The same Idempotency-Key never makes a second run.",
  http: { method: "POST", path: "v1/runs/{runId}/rerun" },
  command: "runs rerun",
  access: "operator",
  readOnly: false,
  idempotencyKey: "core",
  path: runPath,
  body: reasonBody,
  answers: { 202: { description: "The new run; Location names it", schema: runSchema } },
  problems: ["unknown-run", "run-state", "unknown-pipeline"],
  async run({ path, body, key, root, ...call }, { operations, runs }: Verbs) {
    const operator = operatorOf(call, body.reason);
    const { runId } = await actOnRun(operations, "rerun", path.runId, key ?? randomUUID(), operator);
    return shownRun(202, await requireRun(runs, runId), root);
  },
});

const hurry = operation({
  id: "hurryRun",
  summary: "Wake a run that waits for a retry, a look at Databricks, or its slot",
  description: "It only wakes: the run looks again at once, and waits on where what it waits for is not there yet.",
  http: { method: "POST", path: "v1/runs/{runId}/hurry" },
  command: "runs hurry",
  access: "operator",
  readOnly: false,
  path: runPath,
  body: reasonBody,
  answers: { 202: { description: "The run was woken", schema: runSchema } },
  problems: ["unknown-run", "run-state"],
  async run({ path, body, root, ...call }, { operations, runs }: Verbs) {
    await hurryRun(operations, path.runId, operatorOf(call, body.reason));
    return shownRun(202, await requireRun(runs, path.runId), root);
  },
});

const settleRuns = operation({
  id: "settleDatabricksRuns",
  summary: "Say that Databricks runs of a run have ended, where nobody can prove it",
  description:
    "For a run that shows needsPerson: look in the workspace first. Refused while Databricks lists one as active, or cannot be asked, " +
    "unless forced. The step counts as failed, the run goes on from there, and its slot is handed on.",
  http: { method: "POST", path: "v1/runs/{runId}/settle" },
  command: "runs settle",
  examples: ['runs settle scoring-20151116t063000-1a2b3c4d --reason "the run\'s page says that it ended"'],
  access: "operator",
  readOnly: false,
  path: runPath,
  body: settleBody,
  answers: { 200: { description: "What was settled; nothing where all had ended", schema: settledSchema } },
  problems: ["unknown-run", "still-active", "activity-unknown"],
  async run({ path: { runId }, body, ...call }, { operations }: Verbs) {
    const { step = null, force } = body;
    const settled = await settle(operations, { runId, step, force }, operatorOf(call, body.reason));
    return answer(200, { settled: settled.map((each) => ({ ...each })) });
  },
});

const abandonRun = operation({
  id: "abandonRun",
  summary: "End an open run that does not end by itself",
  description:
    "Cancel it first: this is for a run of which nobody can prove the end. Settles its Databricks runs, closes it as failed " +
    "(ABANDONED) and hands its slot on. Its batch is taken over by a later run, or retried. Refused as settle is.",
  http: { method: "POST", path: "v1/runs/{runId}/abandon" },
  command: "runs abandon",
  examples: ['runs abandon scoring-20151116t063000-1a2b3c4d --reason "the workspace was deleted" --force'],
  access: "operator",
  readOnly: false,
  path: runPath,
  body: abandonBody,
  answers: { 200: { description: "The run is closed", schema: runSchema } },
  problems: ["unknown-run", "run-state", "still-active", "activity-unknown"],
  async run({ path: { runId }, body, root, ...call }, { operations, runs }: Verbs) {
    await abandon(operations, { runId, force: body.force }, operatorOf(call, body.reason));
    return shownRun(200, await requireRun(runs, runId), root);
  },
});

export const RUN_VERBS = [rerunRun, hurry, settleRuns, abandonRun];
