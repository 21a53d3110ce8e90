import { HttpRequest, InvocationContext, type HttpResponseInit } from "@azure/functions";
import { guard, type ApiHandler } from "../../src/api/http-function";
import { ROUTES, type RouteName } from "../../src/api/routes";

/** What a test sends to an operation. */
export interface ApiRequest {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a string as it is. */
  readonly body?: unknown;
}

/** Parsed JSON that a test looks into; an absent part is undefined, not an error. */
export interface Json {
  readonly [key: string]: Json;
}

/** An answer with its body parsed. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json;
  /** What the invocation wrote to its log. */
  readonly log: readonly string[];
}

/** Calls a handler as the host would, through the guard that every operation is registered with. */
export async function callApi(name: RouteName, handler: ApiHandler, request: ApiRequest = {}): Promise<ApiAnswer> {
  const { params = {}, query = "", headers = {}, body } = request;
  const path = ROUTES[name].path.replace(/\{(\w+)\}/g, (_all, key: string) => encodeURIComponent(params[key] ?? ""));
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const httpRequest = new HttpRequest({
    method: ROUTES[name].method,
    url: `https://app.example/api/${path}${query}`,
    params: { ...params },
    headers: { ...(text === undefined ? {} : { "content-type": "application/json" }), ...headers },
    query: Object.fromEntries(new URLSearchParams(query)),
    ...(text === undefined ? {} : { body: { string: text } }),
  });
  const log: string[] = [];
  const context = new InvocationContext({
    invocationId: "trace-1",
    functionName: name,
    logHandler: (_level, ...args) => log.push(args.map(String).join(" ")),
  });
  return { ...read(await guard(handler)(httpRequest, context)), log };
}

function read({ status = 200, headers = {}, body }: HttpResponseInit): Omit<ApiAnswer, "log"> {
  const text = typeof body === "string" && body !== "" ? body : "{}";
  return { status, headers: headers as Record<string, string>, body: JSON.parse(text) as Json };
}
