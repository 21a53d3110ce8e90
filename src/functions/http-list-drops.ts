import { requireKnownPipeline, type ApiDeps } from "../api/deps";
import { apiRoot, json, pathParameter, registerHttp, type ApiHandler } from "../api/http-function";
import { readQuery } from "../api/read-request";
import { listDropsQuery } from "../api/schemas";
import { compact } from "../domain/compact";
import type { DropFilter } from "../ledger/run-requests";
import { dropView, pageView, pipelineView } from "../api/views";

/** Lists the drops of a pipeline: what became of each file, and why. */
export function createListDropsHandler({ runs }: Pick<ApiDeps, "runs">): ApiHandler {
  return async (request) => {
    const pipeline = await requireKnownPipeline(runs, pathParameter(request, "pipeline"));
    const { token, ...filter } = readQuery(request, listDropsQuery);
    const page = await runs.listDrops(compact<DropFilter>({ pipeline, ...filter, token }));
    return json(200, pageView(page, dropView, `${apiRoot(request, "listDrops")}/pipelines/${pipeline}/drops`, filter));
  };
}

/** Lists the pipelines that this app has definitions of. */
export function createListPipelinesHandler({ pipelines }: Pick<ApiDeps, "pipelines">): ApiHandler {
  return (request) => {
    const root = apiRoot(request, "listPipelines");
    return Promise.resolve(
      json(200, { value: [...pipelines.values()].map((pipeline) => pipelineView(pipeline, root)) }),
    );
  };
}

/** Registers `GET pipelines/{pipeline}/drops` and `GET pipelines`. */
export function registerListDrops(deps: Pick<ApiDeps, "runs" | "pipelines">): void {
  registerHttp("listDrops", createListDropsHandler(deps));
  registerHttp("listPipelines", createListPipelinesHandler(deps));
}
