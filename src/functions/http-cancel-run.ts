import type { ApiDeps } from "../api/deps";
import { apiRoot, pathParameter, registerHttp, type ApiHandler } from "../api/http-function";
import { acceptedRun } from "../api/run-answer";
import { RunStateError } from "../ledger/errors";

type CancelDeps = Pick<ApiDeps, "runs" | "starterFor">;

/** Notes the wish to cancel; the orchestration ends the Databricks run. A run that was cancelled before stays a success. */
export function createCancelRunHandler({ runs, starterFor }: CancelDeps): ApiHandler {
  return async (request, context) => {
    const runId = pathParameter(request, "runId");
    const root = apiRoot(request, "cancelRun");
    try {
      return acceptedRun(await runs.cancelRun(runId, starterFor(context)), root);
    } catch (error) {
      const ended = error instanceof RunStateError && error.state === "cancelled" ? await runs.getRun(runId) : null;
      if (!ended) throw error;
      return acceptedRun(ended, root, 200);
    }
  };
}

/** Registers `POST runs/{runId}/cancel`. */
export function registerCancelRun(deps: CancelDeps): void {
  registerHttp("cancelRun", createCancelRunHandler(deps), "durable");
}
