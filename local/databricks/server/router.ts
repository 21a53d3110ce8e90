import type { IncomingMessage } from "node:http";
import { ApiError, invalidParameter } from "./api-error";
import { isObject, Params, type JsonObject } from "./params";

/** A request as handlers see it. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  /** Query string over JSON body: Airflow sends the parameters of a GET in its body. */
  readonly params: Params;
  /** Named parts of the path, decoded. */
  readonly parts: Readonly<Record<string, string>>;
  /** The body, empty for routes that read the stream themselves. */
  readonly body: Buffer;
  readonly stream: IncomingMessage;
}

/** An answer that is not plain JSON with status 200. */
export class Reply {
  constructor(
    readonly status: number,
    readonly body: string | Buffer,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

/** Returns the JSON value to send, or a {@link Reply}. */
export type Handler = (request: ApiRequest) => unknown;

/** A route: `:name` matches one segment, a trailing `*name` the rest of the path. */
export interface Route {
  readonly method: string;
  readonly pattern: string;
  readonly handler: Handler;
  /** The handler reads `request.stream`; the body is not collected. */
  readonly streams?: boolean;
  /** Answered without a bearer token. */
  readonly open?: boolean;
}

const MAX_BODY_BYTES = 16 * 1024 * 1024;

function matchPattern(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.split("/");
  const parts: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    if (segment.startsWith("*")) {
      parts[segment.slice(1)] = given.slice(index).map(decodeURIComponent).join("/");
      return parts;
    }
    const value = given[index];
    if (value === undefined) return undefined;
    if (segment.startsWith(":")) parts[segment.slice(1)] = decodeURIComponent(value);
    else if (segment !== value) return undefined;
  }
  return wanted.length === given.length ? parts : undefined;
}

/** Finds the route of a request; throws 404 `ENDPOINT_NOT_FOUND` when there is none. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; parts: Record<string, string> } {
  for (const route of routes) {
    if (route.method !== method) continue;
    const parts = matchPattern(route.pattern, path);
    if (parts) return { route, parts };
  }
  throw new ApiError(404, "ENDPOINT_NOT_FOUND", `No API found for '${method} ${path}'`);
}

async function readBody(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new ApiError(413, "MAX_REQUEST_SIZE_EXCEEDED", `The request body exceeds ${MAX_BODY_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(body: Buffer): JsonObject {
  const text = body.toString("utf8").trim();
  if (text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    throw new ApiError(400, "MALFORMED_REQUEST", "The request body is not valid JSON.");
  }
  throw invalidParameter("The request body must be a JSON object.");
}

function parseQuery(query: URLSearchParams): JsonObject {
  const names = [...new Set(query.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const all = query.getAll(name);
      return [name, all.length > 1 ? all : all[0]];
    }),
  );
}

/** Reads body and query of a request that matched a route. */
export async function readRequest(
  stream: IncomingMessage,
  url: URL,
  route: Route,
  parts: Record<string, string>,
): Promise<ApiRequest> {
  const body = route.streams ? Buffer.alloc(0) : await readBody(stream);
  const type = stream.headers["content-type"] ?? "";
  // Some clients send JSON as text/plain, or with no type at all.
  const json = type.includes("json") || type === "" || type.startsWith("text/plain") ? parseJson(body) : {};
  return {
    method: stream.method ?? "GET",
    path: url.pathname,
    params: new Params({ ...json, ...parseQuery(url.searchParams) }),
    parts,
    body,
    stream,
  };
}
