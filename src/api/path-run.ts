import type { HttpRequest } from "@azure/functions";
import { RunNotInLedgerError } from "../ledger/errors";
import type { RunRecord } from "../domain/run";
import type { ApiDeps } from "./deps";
import { pathParameter } from "./http-function";

/**
 * The run that the path names.
 * @throws RunNotInLedgerError when there is none, or when it is a run of another pipeline
 */
export async function pathRun(request: HttpRequest, runs: ApiDeps["runs"]): Promise<RunRecord> {
  const runId = pathParameter(request, "runId");
  const run = await runs.getRun(runId);
  if (run?.pipeline !== pathParameter(request, "pipeline")) throw new RunNotInLedgerError(runId);
  return run;
}
