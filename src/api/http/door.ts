import type { HttpHandler, HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import type { z } from "zod";
import type { OrchestrationStarter } from "../../domain/orchestration-starter";
import { createLogger, withInvocationLog } from "../../logging/logger";
import type { ApiPorts } from "../ports";
import { Problem, toProblem } from "../problems";
import type { Call, Caller, Operation } from "../registry/operation";
import { answerResponse, problemResponse } from "./answers";
import { callerOf, type AccessSettings } from "./callers";
import { answerOnce } from "./idempotency";
import { readBody, readIdempotencyKey, readPath, readQuery } from "./read-request";

/** What the HTTP door needs beside the operations' ports. */
export interface HttpDoorSettings extends AccessSettings {
  /** The durable client of an invocation, without its management URLs. */
  readonly starterFor: (context: InvocationContext) => OrchestrationStarter;
}

/** The operation as the host calls it: input checked, answer or refusal written as HTTP has it, clients logging to this invocation. */
export function httpHandler(operation: Operation, ports: ApiPorts, settings: HttpDoorSettings): HttpHandler {
  return (request, context) =>
    withInvocationLog(context, async () => {
      try {
        const caller = callerOf(operation, request, settings);
        const call = await callOf(operation, caller, request, context, settings);
        const answer = await answerOnce(operation, call, ports.answers, async () => operation.run(call, ports));
        return answerResponse(operation, answer, request);
      } catch (error) {
        return refuse(error, request, context);
      }
    });
}

async function callOf(
  operation: Operation,
  caller: Caller,
  request: HttpRequest,
  context: InvocationContext,
  settings: HttpDoorSettings,
): Promise<Call> {
  const optional = <T>(schema: z.ZodType | undefined, read: (schema: z.ZodType) => T): T | undefined =>
    schema && read(schema);
  return {
    path: optional(operation.path, (schema) => readPath(request, schema)),
    query: optional(operation.query, (schema) => readQuery(request, schema)),
    key: operation.idempotencyKey ? readIdempotencyKey(request) : null,
    body: await optional(operation.body, async (schema) => readBody(request, schema, operation.parseBody)),
    caller,
    root: apiRoot(request, operation),
    get starter() {
      if (operation.readOnly) throw new Error(`${operation.id} only reads: it has no durable client`);
      return settings.starterFor(context);
    },
  };
}

function refuse(error: unknown, request: HttpRequest, context: InvocationContext): HttpResponseInit {
  // The query may hold a function key.
  return problemResponse(problemOf(error, context), new URL(request.url).pathname, context.invocationId);
}

/** The problem that an error is to the caller; what is our own fault is in the log alone. */
export function problemOf(error: unknown, context: InvocationContext): Problem {
  const problem = toProblem(error);
  if (!problem || problem.status >= 500) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : "not an error";
    createLogger(context).error("request failed", { functionName: context.functionName, reason });
  }
  return problem ?? new Problem("internal", "The log has the cause under this traceId.");
}

/** The absolute URL of the API's root, without query (which may hold a key). */
function apiRoot(request: HttpRequest, { http }: Operation): string {
  const url = new URL(request.url);
  const segments = url.pathname.split("/").filter(Boolean);
  return [url.origin, ...segments.slice(0, segments.length - http.path.split("/").length)].join("/");
}
