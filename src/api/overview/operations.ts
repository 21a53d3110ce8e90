import type { ApiPorts } from "../ports";
import { answer, operation } from "../registry/operation";
import { overviewSchema } from "./schemas";

const getOverview = operation({
  id: "getOverview",
  summary: "Show what runs, what waits and what needs a person",
  http: { method: "GET", path: "v1/overview" },
  command: "overview",
  access: "reader",
  readOnly: true,
  etag: true,
  answers: { 200: { description: "What runs, what waits and what needs a person", schema: overviewSchema } },
  problems: [],
  async run(_call, { overview }: Pick<ApiPorts, "overview">) {
    return answer(200, await overview());
  },
});

export const OVERVIEW_OPERATIONS = [getOverview];
