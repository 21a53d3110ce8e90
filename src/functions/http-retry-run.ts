import type { ApiDeps } from "../api/deps";
import { apiRoot, registerHttp, type ApiHandler } from "../api/http-function";
import { pathRun } from "../api/path-run";
import { acceptedRun } from "../api/run-answer";

type RetryDeps = Pick<ApiDeps, "runs" | "starterFor">;

/** Opens the next attempt of a run, from its failed step. */
export function createRetryRunHandler({ runs, starterFor }: RetryDeps): ApiHandler {
  return async (request, context) => {
    const { runId } = await pathRun(request, runs);
    const { run } = await runs.retryRun(runId, starterFor(context));
    return acceptedRun(run, apiRoot(request, "retryRun"));
  };
}

/** Registers `POST pipelines/{pipeline}/runs/{runId}/retry`. */
export function registerRetryRun(deps: RetryDeps): void {
  registerHttp("retryRun", createRetryRunHandler(deps), "durable");
}
