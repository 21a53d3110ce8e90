import { randomUUID } from "node:crypto";
import type { HttpRequest } from "@azure/functions";
import { requirePipeline, type ApiDeps } from "../api/deps";
import { apiRoot, pathParameter, registerHttp, type ApiHandler } from "../api/http-function";
import { HttpProblem } from "../api/problem";
import { readBody } from "../api/read-request";
import { acceptedRun } from "../api/run-answer";
import { startRunBody } from "../api/schemas";
import { invocationLogger } from "../logging/logger";

/** Asks for a run. Nothing but the request's insert decides whether a run begins. */
export function createStartRunHandler({ runs, pipelines, starterFor }: ApiDeps): ApiHandler {
  return async (request, context) => {
    const pipeline = requirePipeline(pipelines, pathParameter(request, "pipeline"));
    const alias = aliasOf(request);
    const { window, rerun, parameters } = await readBody(request, startRunBody);
    const asked = {
      pipeline: pipeline.name,
      window: window ?? null,
      reason: "http",
      alias,
      rerun,
      parameters,
    } as const;
    const { run, created } = await runs.requestRun(asked, starterFor(context));
    invocationLogger.info(created ? "run requested" : "request led to a known run", {
      runId: run.runId,
      pipeline: run.pipeline,
    });
    // With its steps, so that a repeated request is answered like the first.
    return acceptedRun((await runs.getRun(run.runId)) ?? run, apiRoot(request, "startRun"));
  };
}

/** The caller's key, in a name space of its own; without one every request is new. */
function aliasOf(request: HttpRequest): string {
  const header = request.headers.get("idempotency-key");
  if (header === null) return `http|${randomUUID()}`;
  // The draft standard sends a quoted string, most callers a bare one.
  const key = header.trim().replace(/^"(.*)"$/, "$1");
  if (/^[\x20-\x7e]{1,128}$/.test(key)) return `http|${key}`;
  const errors = [{ pointer: "Idempotency-Key", detail: "expected 1 to 128 printable ASCII characters" }];
  throw new HttpProblem(
    400,
    "invalid-request",
    "Invalid request",
    "Idempotency-Key: expected 1 to 128 printable ASCII characters",
    errors,
  );
}

/** Registers `POST pipelines/{pipeline}/runs`. */
export function registerStartRun(deps: ApiDeps): void {
  registerHttp("startRun", createStartRunHandler(deps), "durable");
}
