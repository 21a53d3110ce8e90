import type { ApiDeps } from "../api/deps";
import { apiRoot, registerHttp, type ApiHandler } from "../api/http-function";
import { pathRun } from "../api/path-run";
import { currentRun } from "../api/run-answer";

/** Shows one run with every step and every Databricks run of it. */
export function createGetRunHandler({ runs }: Pick<ApiDeps, "runs">): ApiHandler {
  return async (request) => {
    return currentRun(await pathRun(request, runs), apiRoot(request, "getRun"), request);
  };
}

/** Registers `GET pipelines/{pipeline}/runs/{runId}`. */
export function registerGetRun(deps: Pick<ApiDeps, "runs">): void {
  registerHttp("getRun", createGetRunHandler(deps));
}
