import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { log, messageOf } from "../log";
import type { RegisteredFunction, RpcCookie, RpcHttp, RpcTypedData } from "../worker/core-types";
import { jsonFields } from "../worker/binding-data";
import type { BindingData } from "../worker/binding-data";
import type { Invoker } from "../worker/invoker";
import { traceContextOf } from "../worker/trace-context";
import { readBody, send } from "./exchange";
import type { Exchange } from "./exchange";

/** Invokes HTTP functions, in buffered mode or, when the app set `enableHttpStream`, through its in-process proxy. */
export class HttpTrigger {
  constructor(
    private readonly invoker: Invoker,
    /** `HttpUri` of the worker; undefined = buffered mode. */
    private readonly streamUri: string | undefined,
  ) {}

  /** Answers the request with what the function returns; 500 without a body when it throws. */
  async handle(fn: RegisteredFunction, exchange: Exchange, params: Record<string, string>): Promise<void> {
    try {
      if (this.streamUri === undefined) await this.buffered(fn, exchange, params);
      else await this.streamed(fn, exchange, params, this.streamUri);
    } catch (error) {
      log("debug", `HTTP function ${fn.name} failed: ${messageOf(error)}`);
      if (!exchange.res.headersSent) send(exchange.res, 500);
      else exchange.res.destroy();
    }
  }

  private async buffered(fn: RegisteredFunction, exchange: Exchange, params: Record<string, string>): Promise<void> {
    const http = await toRpcHttp(exchange, params);
    const { response } = await this.invoker.invoke(fn, {
      trigger: { http },
      bindingData: bindingData(exchange, params, http.body?.bytes),
      reason: reason(exchange),
      trace: traceContextOf(exchange.req.headers),
    });
    // A function without an HTTP output has nothing to say.
    const answers = Object.values(fn.metadata.bindings).some((binding) => binding.type.toLowerCase() === "http");
    if (answers) await writeResponse(exchange.res, response.returnValue?.http ?? undefined);
    else send(exchange.res, 204);
  }

  private async streamed(
    fn: RegisteredFunction,
    exchange: Exchange,
    params: Record<string, string>,
    target: string,
  ): Promise<void> {
    const invocationId = randomUUID();
    const abort = new AbortController();
    const metadata = streamMetadata(exchange, params);
    const answer = forward(exchange, target, invocationId, abort.signal);
    const invoked = this.invoker.invoke(fn, {
      trigger: { http: {} },
      triggerMetadata: metadata,
      bindingData: bindingData(exchange, params),
      reason: reason(exchange),
      invocationId,
      trace: traceContextOf(exchange.req.headers),
    });
    // A handler that throws never answers the proxied request: end it here.
    invoked.catch(() => abort.abort());
    const relayed = answer.then((found) =>
      relay(found, exchange.res, this.invoker.hasOutputs(fn.name) ? invoked : undefined),
    );
    await Promise.all([invoked, relayed]);
  }
}

function reason(exchange: Exchange): string {
  return `This function was programmatically called via the host APIs. ${exchange.method} ${exchange.url.pathname}`;
}

/** What binding expressions may name: route, query, headers and the fields of a JSON body, whose bytes are missing when it is streamed. */
function bindingData(exchange: Exchange, params: Record<string, string>, body?: Uint8Array | null): BindingData {
  const query = Object.fromEntries([...exchange.url.searchParams].filter(([name]) => name !== "code"));
  const fields = body ? jsonFields(Buffer.from(body).toString()) : {};
  return { ...fields, ...query, ...params, query, headers: exchange.req.headers };
}

async function toRpcHttp(exchange: Exchange, params: Record<string, string>): Promise<RpcHttp> {
  const { req, url, method } = exchange;
  const headers = plainHeaders(exchange);
  const query: Record<string, string> = {};
  for (const [name, value] of url.searchParams)
    query[name] = query[name] === undefined ? value : `${query[name]},${value}`;
  const bytes = await readBody(req);
  return {
    url: url.href,
    method,
    headers,
    nullableHeaders: nullable(headers),
    query,
    nullableQuery: nullable(query),
    params,
    nullableParams: nullable(params),
    ...(bytes.length > 0 ? { body: { bytes } } : {}),
  };
}

function plainHeaders(exchange: Exchange): Record<string, string> {
  return Object.fromEntries(
    Object.entries(exchange.req.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
}

function nullable(values: Record<string, string>): Record<string, { value: string }> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}

function streamMetadata(exchange: Exchange, params: Record<string, string>): Record<string, RpcTypedData> {
  const query = Object.fromEntries([...exchange.url.searchParams].filter(([name]) => name !== "code"));
  const strings = Object.fromEntries(
    Object.entries({ ...query, ...params }).map(([name, string]) => [name, { string }]),
  );
  return {
    ...strings,
    Query: { json: JSON.stringify(query) },
    Headers: { json: JSON.stringify(plainHeaders(exchange)) },
  };
}

/** Passes the request on to the app's own server and returns its answer, whose body is still to be read. */
function forward(
  exchange: Exchange,
  target: string,
  invocationId: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { req, url } = exchange;
  const headers = {
    ...req.headers,
    "x-ms-invocation-id": invocationId,
    "x-forwarded-host": url.host,
    "x-forwarded-proto": "http",
  };
  return new Promise((resolve, reject) => {
    const options = { method: req.method, headers, signal };
    const proxy = httpRequest(new URL(url.pathname + url.search, target), options, resolve);
    proxy.on("error", reject);
    req.pipe(proxy);
  });
}

/** Streams the answer to the client. Its last part waits for `outputs`: who has read an answer may rely on what the function wrote. */
async function relay(
  answer: IncomingMessage,
  res: ServerResponse,
  outputs: Promise<unknown> | undefined,
): Promise<void> {
  const headers = { ...answer.headers };
  delete headers.connection;
  delete headers["keep-alive"];
  const write = async (part: Buffer): Promise<void> => {
    if (!res.headersSent) res.writeHead(answer.statusCode ?? 500, headers);
    if (!res.write(part) && !res.closed) await Promise.race([once(res, "drain"), once(res, "close")]);
  };
  let held: Buffer | undefined;
  for await (const part of answer as AsyncIterable<Buffer>) {
    if (res.closed) break;
    if (held) await write(held);
    held = outputs ? part : undefined;
    if (!outputs) await write(part);
  }
  await outputs;
  if (held) await write(held);
  if (!res.headersSent) res.writeHead(answer.statusCode ?? 500, headers);
  res.end();
}

async function writeResponse(res: ServerResponse, http: RpcHttp | undefined): Promise<void> {
  const status = Number(http?.statusCode ?? 200);
  for (const [name, value] of Object.entries(http?.headers ?? {})) res.setHeader(name, value);
  const cookies = (http?.cookies ?? []).map(serializeCookie);
  if (cookies.length > 0) res.setHeader("Set-Cookie", cookies);
  const data = http?.body;
  const body = data?.bytes ? Buffer.from(data.bytes) : Buffer.from(data?.string ?? data?.json ?? "");
  res.statusCode = status;
  res.setHeader("Content-Length", body.length);
  await new Promise<void>((resolve) => res.end(body, () => resolve()));
}

function serializeCookie(cookie: RpcCookie): string {
  const parts = [`${cookie.name ?? ""}=${encodeURIComponent(cookie.value ?? "")}`];
  const seconds = cookie.expires?.value?.seconds;
  if (seconds !== undefined) parts.push(`expires=${new Date(Number(seconds) * 1000).toUTCString()}`);
  if (cookie.maxAge?.value !== undefined) parts.push(`max-age=${String(cookie.maxAge.value)}`);
  if (cookie.domain?.value !== undefined) parts.push(`domain=${cookie.domain.value}`);
  parts.push(`path=${cookie.path?.value ?? "/"}`);
  if (cookie.secure?.value) parts.push("secure");
  const sameSite = cookie.sameSite === "explicitNone" ? "none" : cookie.sameSite;
  if (typeof sameSite === "string" && cookie.sameSite !== "none") parts.push(`samesite=${sameSite}`);
  if (cookie.httpOnly?.value) parts.push("httponly");
  return parts.join("; ");
}
