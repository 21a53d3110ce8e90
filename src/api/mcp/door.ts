import {
  McpTextContent,
  McpToolResponse,
  type InvocationContext,
  type McpToolFunctionOptions,
  type McpToolProperty,
} from "@azure/functions";
import { z } from "zod";
import { withInvocationLog } from "../../logging/logger";
import { toolCallerOf } from "../http/callers";
import { problemBody } from "../http/answers";
import { problemOf, type HttpDoorSettings } from "../http/door";
import { answerOnce } from "../http/idempotency";
import { checkPart } from "../http/read-request";
import type { ApiPorts } from "../ports";
import type { Call, Operation } from "../registry/operation";
import { requestOf, toolName, toolOf } from "./tools";

/** What the MCP extension of the host tells of a call; a key of a version after is left out. */
const invocationSchema = z.object({
  arguments: z.record(z.string(), z.unknown()).nullish(),
  transport: z
    .object({ properties: z.object({ headers: z.record(z.string(), z.string()).optional() }).optional() })
    .nullish(),
});

/**
 * The operation as a tool of the host's MCP extension: same arguments, checks, roles and answers as over HTTP. A refusal is an answer
 * with its remedy, since the extension shows an agent nothing of an error that is thrown.
 */
export function toolFunction(
  operation: Operation,
  ports: ApiPorts,
  settings: Pick<HttpDoorSettings, "auth" | "starterFor">,
): McpToolFunctionOptions {
  const { description, inputSchema } = toolOf(operation);
  const name = toolName(operation);
  const trigger = {
    ...{ type: "mcpToolTrigger", name: "call", toolName: name, description },
    // The extension takes the schema as it is; older ones know no more than the properties.
    ...{ useResultSchema: true, useWorkerInputSchema: true, inputSchema: JSON.stringify(inputSchema) },
    toolProperties: JSON.stringify(propertiesOf(inputSchema)),
  };
  return {
    ...{ toolName: name, description, trigger },
    handler: async (message: unknown, context: InvocationContext) =>
      withInvocationLog(context, async () => {
        try {
          const call = callOf(operation, message, context, settings);
          const { status, body } = await answerOnce(operation, call, ports.answers, async () =>
            operation.run(call, ports),
          );
          return response(body ?? { status }, false);
        } catch (error) {
          return response(problemBody(problemOf(error, context), `tools/${name}`, context.invocationId), true);
        }
      }),
  };
}

function callOf(
  operation: Operation,
  message: unknown,
  context: InvocationContext,
  { auth, starterFor }: Pick<HttpDoorSettings, "auth" | "starterFor">,
): Call {
  const { arguments: given, transport } = invocationSchema.parse(message);
  const headers = new Headers(transport?.properties?.headers ?? {});
  const caller = toolCallerOf(operation, headers, auth);
  const { path, query, body } = requestOf(operation, given ?? {});
  const checked = (schema: z.ZodType | undefined, value: unknown): unknown => schema && checkPart(schema, value);
  return {
    path: checked(operation.path, asTexts(path)),
    query: checked(operation.query, asTexts(query)),
    body: checked(operation.body, body),
    // The extension calls once for each request of an agent, who knows of no keys.
    key: operation.idempotencyKey ? context.invocationId : null,
    caller,
    root: rootOf(headers),
    get starter() {
      if (operation.readOnly) throw new Error(`${operation.id} only reads: it has no durable client`);
      return starterFor(context);
    },
  };
}

/** Path and query are texts in an URL, and their schemas expect them so. */
function asTexts(part: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = Object.entries(part).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(
    given.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** Root of the links in an answer: where the agent has found this app. */
function rootOf(headers: Headers): string {
  const host = headers.get("x-forwarded-host") ?? headers.get("host") ?? "localhost";
  const isHere = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::|$)/.test(host);
  return `${headers.get("x-forwarded-proto") ?? (isHere ? "http" : "https")}://${host}/api`;
}

function response(value: unknown, isError: boolean): McpToolResponse {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const structured = typeof value === "object" && !Array.isArray(value) ? { structuredContent: value } : {};
  return new McpToolResponse({ content: [new McpTextContent(text)], ...structured, isError });
}

/** A schema as the extension's plain properties: a type, whether it is a list, and the rest in words. */
export function propertiesOf({ properties, required }: ReturnType<typeof toolOf>["inputSchema"]): McpToolProperty[] {
  return Object.entries(properties).map(([propertyName, schema]) => {
    const { type, items, enum: values, description, anyOf } = schema as JsonSchema;
    const isArray = type === "array";
    const first = anyOf?.find((one) => one.type !== "null");
    const words = [description, values && `One of ${values.map(String).join(", ")}.`];
    return {
      propertyName,
      propertyType: plainType(isArray ? items : (first ?? { type })),
      description: words.filter(Boolean).join(" "),
      isRequired: required.includes(propertyName),
      isArray,
    };
  });
}

interface JsonSchema {
  readonly type?: unknown;
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly anyOf?: readonly JsonSchema[];
}

const PLAIN = new Set(["string", "integer", "number", "boolean", "object"]);

function plainType(schema: JsonSchema | undefined): string {
  return typeof schema?.type === "string" && PLAIN.has(schema.type) ? schema.type : "string";
}
