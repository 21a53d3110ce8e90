import type { z } from "zod";
import type { BackfillRecord } from "../../domain/backfill";
import { backfillOf, cancelBackfill, listBackfills, planOf, startBackfill } from "../../operations/backfill";
import type { ApiPorts } from "../ports";
import { pipelinePath } from "../registry/common-schemas";
import { answer, operation } from "../registry/operation";
import { operatorOf, reasonBody } from "../registry/operator";
import {
  backfillPath,
  backfillPlanSchema,
  backfillQuery,
  backfillSchema,
  backfillsSchema,
  startBackfillBody,
} from "./schemas";

type Operations = Pick<ApiPorts, "operations">;

function view(record: BackfillRecord): z.infer<typeof backfillSchema> {
  const { todo, failedInARow: _row, requestedBy: _by, ...shown } = record;
  return { ...shown, windows: todo.length };
}

const planBackfill = operation({
  id: "planBackfill",
  summary: "Show which windows a backfill would run, and what exists for each",
  description:
    "Changes nothing. Its hash lets startBackfill run exactly this. What exists is a run that was asked for exactly the window; " +
    "what other runs scored of it is scored again, and writes nothing where nothing changed.",
  http: { method: "GET", path: "v1/pipelines/{pipeline}/backfill-plan" },
  command: "backfills plan",
  examples: ["backfills plan scoring --from 2015-11-01T06:00:00Z --to 2015-11-08T06:00:00Z --reprocess failed"],
  access: "reader",
  readOnly: true,
  path: pipelinePath,
  query: backfillQuery,
  answers: { 200: { description: "The windows, and the hash", schema: backfillPlanSchema } },
  problems: ["unknown-pipeline"],
  async run({ path: { pipeline }, query }, { operations }: Operations) {
    const { windows, count, hash } = await planOf(operations, { pipeline, ...query });
    return answer(200, {
      count,
      hash,
      windows: windows.map((each) => ({ ...each, run: each.run && { ...each.run } })),
    });
  },
});

const start = operation({
  id: "startBackfill",
  summary: "Start the backfill that a plan showed",
  description:
    "One window at a time, each a run of its own, behind other requests; stops after three failed windows in a row. " +
    "Refused when what exists has changed since the plan.",
  http: { method: "POST", path: "v1/pipelines/{pipeline}/backfills" },
  command: "backfills start",
  examples: [
    'backfills start scoring --from 2015-11-01T06:00:00Z --to 2015-11-08T06:00:00Z --hash 9f86… --reason "new features"',
  ],
  access: "operator",
  readOnly: false,
  idempotencyKey: "stored",
  path: pipelinePath,
  body: startBackfillBody,
  answers: { 202: { description: "The backfill is under way", schema: backfillSchema } },
  problems: ["unknown-pipeline", "plan-moved"],
  async run({ path: { pipeline }, body: { hash, reason, ...asked }, ...call }, { operations }: Operations) {
    return answer(202, view(await startBackfill(operations, { pipeline, ...asked }, hash, operatorOf(call, reason))));
  },
});

const list = operation({
  id: "listBackfills",
  summary: "List the backfills of a pipeline, newest first",
  http: { method: "GET", path: "v1/pipelines/{pipeline}/backfills" },
  command: "backfills list",
  access: "reader",
  readOnly: true,
  etag: true,
  path: pipelinePath,
  answers: { 200: { description: "At most 50", schema: backfillsSchema } },
  problems: ["unknown-pipeline"],
  async run({ path: { pipeline } }, { operations }: Operations) {
    return answer(200, { value: (await listBackfills(operations, pipeline)).map(view) });
  },
});

const get = operation({
  id: "getBackfill",
  summary: "Get a backfill: how far it is, and which run is at work",
  http: { method: "GET", path: "v1/backfills/{backfillId}" },
  command: "backfills get",
  access: "reader",
  readOnly: true,
  etag: true,
  path: backfillPath,
  answers: { 200: { description: "The backfill", schema: backfillSchema } },
  problems: ["unknown-backfill"],
  async run({ path }, { operations }: Operations) {
    return answer(200, view(await backfillOf(operations, path.backfillId)));
  },
});

const cancel = operation({
  id: "cancelBackfill",
  summary: "Run no further window of a backfill",
  description: "The run of the window at work goes on; cancel it by itself.",
  http: { method: "POST", path: "v1/backfills/{backfillId}/cancel" },
  command: "backfills cancel",
  access: "operator",
  readOnly: false,
  path: backfillPath,
  body: reasonBody,
  answers: { 200: { description: "The backfill as it is now", schema: backfillSchema } },
  problems: ["unknown-backfill"],
  async run({ path, body, ...call }, { operations }: Operations) {
    return answer(200, view(await cancelBackfill(operations, path.backfillId, operatorOf(call, body.reason))));
  },
});

export const BACKFILL_OPERATIONS = [planBackfill, start, list, get, cancel];
