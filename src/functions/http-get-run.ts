import type { ApiDeps } from "../api/deps";
import { apiRoot, pathParameter, registerHttp, type ApiHandler } from "../api/http-function";
import { currentRun } from "../api/run-answer";
import { RunNotInLedgerError } from "../ledger/errors";

/** Shows one run with every step and every Databricks run of it. */
export function createGetRunHandler({ runs }: Pick<ApiDeps, "runs">): ApiHandler {
  return async (request) => {
    const runId = pathParameter(request, "runId");
    const run = await runs.getRun(runId);
    if (!run) throw new RunNotInLedgerError(runId);
    return currentRun(run, apiRoot(request, "getRun"), request);
  };
}

/** Registers `GET runs/{runId}`. */
export function registerGetRun(deps: Pick<ApiDeps, "runs">): void {
  registerHttp("getRun", createGetRunHandler(deps));
}
