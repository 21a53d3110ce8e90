import { compact } from "../../domain/compact";
import type { QuarantineFilter } from "../../runs/quarantine/list";
import type { Release } from "../../runs/quarantine/release";
import { requireKnownPipeline, type ApiPorts } from "../ports";
import { pipelinePath } from "../registry/common-schemas";
import { answer, operation } from "../registry/operation";
import { pageView } from "../registry/page-view";
import {
  discardBody,
  listQuarantineQuery,
  quarantineItemSchema,
  quarantinePageSchema,
  quarantinePath,
  releaseBody,
  shownItemSchema,
} from "./schemas";
import { itemView, shownView } from "./views";

type Quarantined = Pick<ApiPorts, "quarantine">;

const listQuarantine = operation({
  id: "listQuarantine",
  summary: "List what is in quarantine of a pipeline: drops, files and rows",
  http: { method: "GET", path: "v1/pipelines/{pipeline}/quarantine" },
  command: "quarantine list",
  examples: ["quarantine list scoring", "quarantine list scoring --state decided"],
  access: "reader",
  readOnly: true,
  etag: true,
  path: pipelinePath,
  query: listQuarantineQuery,
  answers: { 200: { description: "A page of items", schema: quarantinePageSchema } },
  problems: ["unknown-pipeline"],
  async run({ path, query: { token, ...filter }, root }, { runs, quarantine }: Pick<ApiPorts, "runs" | "quarantine">) {
    const pipeline = await requireKnownPipeline(runs, path.pipeline);
    const page = await quarantine.list(compact<QuarantineFilter>({ pipeline, ...filter, token }));
    return answer(200, pageView(page, itemView, `${root}/v1/pipelines/${pipeline}/quarantine`, filter));
  },
});

const showQuarantine = operation({
  id: "showQuarantine",
  summary: "Show an item in quarantine with line, rule and raw text of its rows",
  http: { method: "GET", path: "v1/quarantine/{id}" },
  command: "quarantine show",
  access: "reader",
  readOnly: true,
  etag: true,
  path: quarantinePath,
  answers: { 200: { description: "The item and its first rows", schema: shownItemSchema } },
  problems: ["unknown-quarantine-item", "quarantine-item-state"],
  async run({ path: { id } }, { quarantine }: Quarantined) {
    return answer(200, shownView(await quarantine.show(id)));
  },
});

const releaseQuarantine = operation({
  id: "releaseQuarantine",
  summary: "Let an item out of quarantine",
  description:
    "Rows are given mended, and come as a new drop with a story of its own. A whole file is read again as it was, or with the text that is given; a drop is put back to the pending ones. What was discarded is refused; a discarded drop comes back by requeueDrop with a reason. Repeating it makes no second drop.",
  http: { method: "POST", path: "v1/quarantine/{id}/release" },
  command: "quarantine release",
  access: "operator",
  readOnly: false,
  path: quarantinePath,
  body: releaseBody,
  answers: { 200: { description: "The item with the decision", schema: quarantineItemSchema } },
  problems: ["unknown-quarantine-item", "quarantine-item-state"],
  async run({ path: { id }, body: { why, ...wanted }, caller, starter }, { quarantine }: Quarantined) {
    const by = { by: caller.name, why };
    return answer(200, itemView(await quarantine.release(id, compact<Release>(wanted), by, starter)));
  },
});

const discardQuarantine = operation({
  id: "discardQuarantine",
  summary: "Decide that an item stays out",
  http: { method: "POST", path: "v1/quarantine/{id}/discard" },
  command: "quarantine discard",
  access: "operator",
  readOnly: false,
  path: quarantinePath,
  body: discardBody,
  answers: { 200: { description: "The item with the decision", schema: quarantineItemSchema } },
  problems: ["unknown-quarantine-item", "quarantine-item-state"],
  async run({ path: { id }, body: { why }, caller }, { quarantine }: Quarantined) {
    return answer(200, itemView(await quarantine.discard(id, { by: caller.name, why })));
  },
});

export const QUARANTINE_OPERATIONS = [listQuarantine, showQuarantine, releaseQuarantine, discardQuarantine];
