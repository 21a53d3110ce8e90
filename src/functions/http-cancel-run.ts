import type { ApiDeps } from "../api/deps";
import { apiRoot, registerHttp, type ApiHandler } from "../api/http-function";
import { pathRun } from "../api/path-run";
import { acceptedRun } from "../api/run-answer";

type CancelDeps = Pick<ApiDeps, "runs" | "starterFor">;

/** Notes the wish to cancel; the orchestration ends the Databricks run. A run that was cancelled before stays a success. */
export function createCancelRunHandler({ runs, starterFor }: CancelDeps): ApiHandler {
  return async (request, context) => {
    const { runId } = await pathRun(request, runs);
    const run = await runs.cancelRun(runId, starterFor(context));
    return acceptedRun(run, apiRoot(request, "cancelRun"), run.state === "cancelled" ? 200 : 202);
  };
}

/** Registers `POST pipelines/{pipeline}/runs/{runId}/cancel`. */
export function registerCancelRun(deps: CancelDeps): void {
  registerHttp("cancelRun", createCancelRunHandler(deps), "durable");
}
