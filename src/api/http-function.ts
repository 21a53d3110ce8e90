import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { createLogger, withInvocationLog } from "../logging/logger";
import { HttpProblem, problemResponse, toProblem } from "./problem";
import { ROUTES, type Route, type RouteName } from "./routes";

/** Answers one request; throws what `toProblem` knows for a refusal. */
export type ApiHandler = (request: HttpRequest, context: InvocationContext) => Promise<HttpResponseInit>;

/** The handler with errors turned into problems, and with clients logging to this invocation. */
export function guard(handler: ApiHandler): ApiHandler {
  return (request, context) =>
    withInvocationLog(context, async () => {
      try {
        return await handler(request, context);
      } catch (error) {
        return refuse(error, request, context);
      }
    });
}

function refuse(error: unknown, request: HttpRequest, context: InvocationContext): HttpResponseInit {
  const problem = toProblem(error);
  if (!problem || problem.status >= 500) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : "not an error";
    createLogger(context).error("request failed", { functionName: context.functionName, reason });
  }
  const internal = () =>
    new HttpProblem(500, "internal", "Internal error", "The log has the cause under this traceId.");
  // The query may hold a function key.
  return problemResponse(problem ?? internal(), new URL(request.url).pathname, context.invocationId);
}

/** Registers the operation with the host as the route table describes it. `durable` gives it the durable client. */
export function registerHttp(name: RouteName, handler: ApiHandler, durable: "durable" | "plain" = "plain"): void {
  const route: Route = ROUTES[name];
  app.http(name, {
    methods: [route.method],
    route: route.path,
    authLevel: route.authLevel,
    ...(durable === "durable" ? { extraInputs: [df.input.durableClient()] } : {}),
    handler: guard(handler),
  });
}

/** The absolute URL of the API's root, without query (which may hold a key). */
export function apiRoot(request: HttpRequest, name: RouteName): string {
  const url = new URL(request.url);
  const segments = url.pathname.split("/").filter(Boolean);
  return [url.origin, ...segments.slice(0, segments.length - ROUTES[name].path.split("/").length)].join("/");
}

/** A route parameter; the host has matched it, so it is there. */
export function pathParameter(request: HttpRequest, name: string): string {
  return request.params[name] ?? "";
}

/** A JSON answer. */
export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): HttpResponseInit {
  return { status, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(value) };
}
