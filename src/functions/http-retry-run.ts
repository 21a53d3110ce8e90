import type { ApiDeps } from "../api/deps";
import { apiRoot, pathParameter, registerHttp, type ApiHandler } from "../api/http-function";
import { acceptedRun } from "../api/run-answer";

type RetryDeps = Pick<ApiDeps, "runs" | "starterFor">;

/** Opens the next attempt of a run, from its failed step. */
export function createRetryRunHandler({ runs, starterFor }: RetryDeps): ApiHandler {
  return async (request, context) => {
    const { run } = await runs.retryRun(pathParameter(request, "runId"), starterFor(context));
    return acceptedRun(run, apiRoot(request, "retryRun"));
  };
}

/** Registers `POST runs/{runId}/retry`. */
export function registerRetryRun(deps: RetryDeps): void {
  registerHttp("retryRun", createRetryRunHandler(deps), "durable");
}
