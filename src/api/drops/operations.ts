import { DROP_STATES, PROBE_PATH } from "../../domain/drop";
import { routeDrop } from "../../domain/pipeline-definition";
import { compact } from "../../domain/compact";
import { MOST_COUNTED } from "../../ledger/drops/drop-lists";
import type { DropFilter } from "../../ledger/run-requests";
import { routeOrphansTo } from "../../operations/route-drops";
import { invalidRequest } from "../problems";
import { requireKnownPipeline, requirePipeline, type ApiPorts } from "../ports";
import { pipelinePath } from "../registry/common-schemas";
import { answer, operation } from "../registry/operation";
import { operatorOf } from "../registry/operator";
import { pageView } from "../registry/page-view";
import {
  dropCountsSchema,
  dropPageSchema,
  dropSchema,
  listDropsQuery,
  requeueDropBody,
  routeDropsBody,
  uploadDropBody,
  uploadSchema,
  routedDropsSchema,
} from "./schemas";
import { dropView } from "./views";

type Runs = Pick<ApiPorts, "runs">;

const listDrops = operation({
  id: "listDrops",
  summary: "List the drops of a pipeline and what became of them",
  http: { method: "GET", path: "v1/pipelines/{pipeline}/drops" },
  command: "drops list",
  examples: ["drops list scoring --state quarantined"],
  columns: ["path", "state", "runId", "seenAt", "size", "reason", "remedy"],
  access: "reader",
  readOnly: true,
  etag: true,
  path: pipelinePath,
  query: listDropsQuery,
  answers: { 200: { description: "A page of drops", schema: dropPageSchema } },
  problems: ["unknown-pipeline"],
  async run({ path, query: { token, ...filter }, root }, { runs }: Runs) {
    const pipeline = await requireKnownPipeline(runs, path.pipeline);
    const page = await runs.listDrops(compact<DropFilter>({ pipeline, ...filter, token }));
    return answer(200, pageView(page, dropView, `${root}/v1/pipelines/${pipeline}/drops`, filter));
  },
});

const countDrops = operation({
  id: "countDrops",
  summary: "Count the drops of a pipeline by state",
  http: { method: "GET", path: "v1/pipelines/{pipeline}/drop-counts" },
  command: "drops count",
  columns: ["state", "count", "more"],
  access: "reader",
  readOnly: true,
  etag: true,
  path: pipelinePath,
  answers: { 200: { description: "States in the order of a drop's way", schema: dropCountsSchema } },
  problems: ["unknown-pipeline"],
  async run({ path }, { runs }: Runs) {
    const counts = await runs.countDrops(await requireKnownPipeline(runs, path.pipeline));
    const value = DROP_STATES.map((state) => ({ state, count: counts[state], more: counts[state] >= MOST_COUNTED }));
    return answer(200, { value });
  },
});

const UPLOAD_MINUTES = 15;

const uploadDrop = operation({
  id: "uploadDrop",
  summary: "Get a short-lived address to put a drop at",
  description:
    "Changes nothing by itself: the file is a drop when its bytes are there. `batchkeeper drop FILE` does both.",
  http: { method: "POST", path: "v1/pipelines/{pipeline}/drops/upload" },
  command: "drops upload",
  access: "operator",
  readOnly: false,
  path: pipelinePath,
  body: uploadDropBody,
  answers: { 200: { description: "Where to put it, for 15 minutes", schema: uploadSchema } },
  problems: ["unknown-pipeline"],
  async run({ path, body }, { definitions, signer }: Pick<ApiPorts, "definitions" | "signer">) {
    const pipeline = requirePipeline(definitions, path.pipeline);
    const container = pipeline.drops?.container;
    const probe = { pipeline: pipeline.name, source: "" };
    const route = (from: string) => (body.path === PROBE_PATH ? probe : routeDrop(definitions, from, body.path));
    const taken = container === undefined ? null : route(container);
    if (container === undefined || taken?.pipeline !== pipeline.name) {
      const pattern = pipeline.drops?.pathPattern;
      const detail = pattern === undefined ? "the pipeline takes no drops" : `does not fit its pattern ${pattern}`;
      throw invalidRequest([{ pointer: "/path", detail }]);
    }
    const { url, expiresAt } = await signer.uploadUrlOf({ container, path: body.path }, UPLOAD_MINUTES);
    const headers = { "x-ms-blob-type": "BlockBlob", "content-type": "application/octet-stream" };
    return answer(200, { url, headers, path: body.path, source: taken.source, expiresAt });
  },
});

const routeDrops = operation({
  id: "routeDrops",
  summary: "Give the pending drops of a pipeline whose definition is gone to another one",
  http: { method: "POST", path: "v1/pipelines/{pipeline}/drops/route" },
  command: "drops route",
  examples: ["drops route old-scoring --to scoring"],
  access: "operator",
  readOnly: false,
  idempotencyKey: "stored",
  path: pipelinePath,
  body: routeDropsBody,
  answers: { 200: { description: "How many went", schema: routedDropsSchema } },
  problems: ["unknown-pipeline"],
  async run({ path, body: { to, reason }, ...call }, { runs, operations }: Pick<ApiPorts, "runs" | "operations">) {
    const from = await requireKnownPipeline(runs, path.pipeline);
    return answer(200, { ...(await routeOrphansTo(operations, from, to, operatorOf(call, reason))) });
  },
});

const requeueDrop = operation({
  id: "requeueDrop",
  summary: "Put a quarantined drop back to the pending ones",
  description:
    "For after a pattern or a definition was mended, or the blob made readable. The newest quarantined version of the path goes to the pipeline that takes it now. One that was discarded is requeued with a reason only.",
  http: { method: "POST", path: "v1/pipelines/{pipeline}/drops/requeue" },
  command: "drops requeue",
  examples: ['drops requeue scoring --path telemetry/2015-11-15.csv.gz --reason "the pattern was mended"'],
  access: "operator",
  readOnly: false,
  path: pipelinePath,
  body: requeueDropBody,
  answers: { 200: { description: "The drop as it is now", schema: dropSchema } },
  problems: ["unknown-pipeline", "unknown-quarantine-item", "quarantine-item-state"],
  async run(
    { path: { pipeline }, body: { path, reason = "" }, caller, starter },
    { quarantine }: Pick<ApiPorts, "quarantine">,
  ) {
    return answer(200, dropView(await quarantine.requeue(pipeline, path, { by: caller.name, why: reason }, starter)));
  },
});

export const DROP_OPERATIONS = [listDrops, countDrops, uploadDrop, routeDrops, requeueDrop];
