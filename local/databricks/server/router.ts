import type { IncomingMessage } from "node:http";
import { ApiError } from "./api-error";
import { Params, type JsonObject } from "./params";
import { parseBody, readBody } from "./request-body";

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
  /** Files of a multipart form; its other fields are among the parameters. */
  readonly files: Readonly<Record<string, Buffer>>;
  readonly stream: IncomingMessage;
}

/** Part of a file of this machine, sent without holding it in memory. */
export interface FileSlice {
  readonly file: string;
  readonly start: number;
  /** Bytes. */
  readonly length: number;
}

/** An answer that is not plain JSON with status 200. */
export class Reply {
  constructor(
    readonly status: number,
    readonly body: string | Buffer | FileSlice,
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
  /** The body is the content of a file, whatever its type says; it is not read as parameters. */
  readonly raw?: boolean;
  /** Answered without a bearer token. */
  readonly open?: boolean;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ApiError(400, "MALFORMED_REQUEST", `The path segment ${segment} is not valid percent-encoding.`);
  }
}

function matchPattern(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.split("/");
  const parts: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    if (segment.startsWith("*")) {
      parts[segment.slice(1)] = given.slice(index).map(decode).join("/");
      return parts;
    }
    const value = given[index];
    if (value === undefined) return undefined;
    if (segment.startsWith(":")) parts[segment.slice(1)] = decode(value);
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
  const isFile = (route.streams ?? false) || (route.raw ?? false);
  const body = route.streams ? Buffer.alloc(0) : await readBody(stream, isFile);
  const { values, files } = isFile
    ? { values: {}, files: {} }
    : await parseBody(body, stream.headers["content-type"] ?? "");
  return {
    method: stream.method ?? "GET",
    path: url.pathname,
    params: new Params({ ...values, ...parseQuery(url.searchParams) }),
    parts,
    body,
    files,
    stream,
  };
}
