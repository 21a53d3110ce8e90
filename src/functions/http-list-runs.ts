import { requireKnownPipeline, type ApiDeps } from "../api/deps";
import { apiRoot, json, pathParameter, registerHttp, type ApiHandler } from "../api/http-function";
import { readQuery } from "../api/read-request";
import { listPipelineRunsQuery, listRunsQuery } from "../api/schemas";
import { compact } from "../domain/compact";
import type { RunFilter } from "../ledger/run-requests";
import { pageView, runSummaryView } from "../api/views";

type ListDeps = Pick<ApiDeps, "runs">;

/** Lists runs of all pipelines, or of one by filter. */
export function createListRunsHandler({ runs }: ListDeps): ApiHandler {
  return async (request) => {
    const { token, ...filter } = readQuery(request, listRunsQuery);
    if (filter.pipeline !== undefined) await requireKnownPipeline(runs, filter.pipeline);
    const page = await runs.listRuns(compact<RunFilter>({ ...filter, token }));
    const root = apiRoot(request, "listRuns");
    return json(
      200,
      pageView(page, (run) => runSummaryView(run, root), `${root}/runs`, filter),
    );
  };
}

/** Lists the runs of the pipeline in the path. */
export function createListPipelineRunsHandler({ runs }: ListDeps): ApiHandler {
  return async (request) => {
    const pipeline = await requireKnownPipeline(runs, pathParameter(request, "pipeline"));
    const { token, ...filter } = readQuery(request, listPipelineRunsQuery);
    const page = await runs.listRuns(compact<RunFilter>({ pipeline, ...filter, token }));
    const root = apiRoot(request, "listPipelineRuns");
    return json(
      200,
      pageView(page, (run) => runSummaryView(run, root), `${root}/pipelines/${pipeline}/runs`, filter),
    );
  };
}

/** Registers `GET runs` and `GET pipelines/{pipeline}/runs`. */
export function registerListRuns(deps: ListDeps): void {
  registerHttp("listRuns", createListRunsHandler(deps));
  registerHttp("listPipelineRuns", createListPipelineRunsHandler(deps));
}
