import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { AccessTokens } from "./access-tokens";
import { ApiError } from "./api-error";
import type { FaultRule, FaultSwitch } from "./faults";
import { findRoute, readRequest, Reply, type Route } from "./router";

const JSON_TYPE = "application/json; charset=utf-8";

/** What the front of the server needs. */
export interface HttpDependencies {
  readonly routes: readonly Route[];
  readonly tokens: AccessTokens;
  readonly faults: FaultSwitch;
  readonly log: (line: string) => void;
}

function errorReply(error: unknown, log: (line: string) => void): Reply {
  const known = error instanceof ApiError ? error : undefined;
  if (!known) log(`internal error: ${error instanceof Error ? error.stack : String(error)}`);
  const { status, errorCode, message, headers } =
    known ?? new ApiError(500, "INTERNAL_ERROR", "The local Databricks failed; see its log.");
  return new Reply(status, JSON.stringify({ error_code: errorCode, message }), {
    "content-type": JSON_TYPE,
    ...headers,
  });
}

function faultReply(rule: FaultRule): Reply | undefined {
  const errors: Partial<Record<FaultRule["action"], ApiError>> = {
    "429": new ApiError(429, "REQUEST_LIMIT_EXCEEDED", "Injected fault: too many requests.", {
      "retry-after": String(rule.retryAfterSeconds),
    }),
    "500": new ApiError(500, "INTERNAL_ERROR", "Injected fault: internal error."),
    "503-before": new ApiError(503, "TEMPORARILY_UNAVAILABLE", "Injected fault: unavailable before the handler ran."),
    "503-after": new ApiError(503, "TEMPORARILY_UNAVAILABLE", "Injected fault: unavailable after the handler ran."),
  };
  const error = errors[rule.action];
  return error && errorReply(error, () => undefined);
}

async function send(response: ServerResponse, reply: Reply, headOnly: boolean): Promise<void> {
  const { body } = reply;
  const length = typeof body === "string" || Buffer.isBuffer(body) ? Buffer.byteLength(body) : body.length;
  response.writeHead(reply.status, { ...reply.headers, ...(reply.status === 204 ? {} : { "content-length": length }) });
  if (headOnly || length === 0) response.end();
  else if (typeof body === "string" || Buffer.isBuffer(body)) response.end(body);
  else await pipeline(createReadStream(body.file, { start: body.start, end: body.start + length - 1 }), response);
}

/** Answers one request, without faults. Pages and discovery are open; all else wants the bearer token. */
async function answer(request: IncomingMessage, url: URL, dependencies: HttpDependencies): Promise<Reply> {
  try {
    const method = request.method ?? "GET";
    if (url.pathname.startsWith("/api/") || url.pathname.startsWith("/internal/"))
      dependencies.tokens.check(request.headers.authorization);
    const { route, parts } = findRoute(dependencies.routes, method, url.pathname);
    if (!route.open) dependencies.tokens.check(request.headers.authorization);
    const value = await route.handler(await readRequest(request, url, route, parts));
    return value instanceof Reply ? value : new Reply(200, JSON.stringify(value), { "content-type": JSON_TYPE });
  } catch (error) {
    return errorReply(error, dependencies.log);
  }
}

/** Only a page's own address may name this server: keeps other sites from reading it through a rebound DNS name. */
function isLoopbackHost(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host ?? "");
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  dependencies: HttpDependencies,
): Promise<void> {
  const { faults, tokens } = dependencies;
  if (!isLoopbackHost(request.headers.host)) {
    return send(
      response,
      errorReply(new ApiError(403, "PERMISSION_DENIED", "Only loopback hosts are served."), dependencies.log),
      false,
    );
  }
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const rule = faults.take(request.method ?? "GET", url.pathname);
  if (rule?.action === "expire-tokens") tokens.expireAll();
  if (rule?.action === "slow") await sleep(rule.delayMs);
  if (rule?.action === "drop-before") return void request.socket.destroy();
  const before = rule && !rule.action.endsWith("-after") ? faultReply(rule) : undefined;
  const reply = before ?? (await answer(request, url, dependencies));
  if (rule?.action === "drop-after") return void request.socket.destroy();
  // The rest of a body that nobody read would be taken for the next request.
  if (!request.complete) request.resume();
  await send(response, (rule && faultReply(rule)) ?? reply, request.method === "HEAD");
}

/** The http front: routing, bearer check, error bodies, injected faults. */
export function createHttpServer(dependencies: HttpDependencies): Server {
  const server = createServer((request, response) => {
    serve(request, response, dependencies).catch((error: unknown) => {
      dependencies.log(`request failed: ${String(error)}`);
      request.socket.destroy();
    });
  });
  // dbutils.notebook.run waits as long as the child runs.
  server.requestTimeout = 0;
  return server;
}
