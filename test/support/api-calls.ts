import { HttpRequest, InvocationContext, type HttpResponseInit } from "@azure/functions";
import { httpHandler, type HttpDoorSettings } from "../../src/api/http/door";
import type { ApiPorts } from "../../src/api/ports";
import type { Operation } from "../../src/api/registry/operation";
import { OPERATIONS } from "../../src/api/registry/operations";
import { FakeStarter } from "./ledger";

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

/** The operation of this id. */
export function operationOf(id: string): Operation {
  const found = OPERATIONS.find((operation) => operation.id === id);
  if (!found) throw new Error(`no operation ${id}`);
  return found;
}

/** Calls an operation through the HTTP door, as the host would. It finds those ports that the test gives. */
export async function callApi(
  id: string,
  ports: Partial<ApiPorts>,
  request: ApiRequest = {},
  settings: Partial<HttpDoorSettings> = {},
): Promise<ApiAnswer> {
  const { params = {}, query = "", headers = {}, body } = request;
  const operation = operationOf(id);
  const { method, path: template } = operation.http;
  const path = template.replace(/\{(\w+)\}/g, (_all, key: string) => encodeURIComponent(params[key] ?? ""));
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const httpRequest = new HttpRequest({
    method,
    url: `https://app.example/api/${path}${query}`,
    params: { ...params },
    headers: { ...(text === undefined ? {} : { "content-type": "application/json" }), ...headers },
    query: Object.fromEntries(new URLSearchParams(query)),
    ...(text === undefined ? {} : { body: { string: text } }),
  });
  const log: string[] = [];
  const context = new InvocationContext({
    invocationId: "trace-1",
    functionName: id,
    logHandler: (_level, ...args) => log.push(args.map(String).join(" ")),
  });
  const handler = httpHandler(operation, ports as ApiPorts, {
    starterFor: () => new FakeStarter(),
    auth: "keys",
    ...settings,
  });
  return { ...read(await handler(httpRequest, context)), log };
}

function read({ status = 200, headers = {}, body }: HttpResponseInit): Omit<ApiAnswer, "log"> {
  const text = typeof body === "string" && body !== "" ? body : "{}";
  return { status, headers: headers as Record<string, string>, body: JSON.parse(text) as Json };
}
