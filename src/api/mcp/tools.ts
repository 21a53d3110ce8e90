import { z } from "zod";
import type { Operation } from "../registry/operation";

/** A tool as the Model Context Protocol lists it. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: {
    readonly type: "object";
    readonly properties: Readonly<Record<string, object>>;
    readonly required: readonly string[];
    readonly additionalProperties: false;
  };
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: false;
  };
}

/** Which tools there are: those that change nothing, or all. */
export type ToolScope = "read" | "all";

/** Operations that are tools in a scope. */
export function toolOperations(operations: readonly Operation[], scope: ToolScope): readonly Operation[] {
  return operations.filter(({ onlyHttp, readOnly }) => onlyHttp === undefined && (readOnly || scope === "all"));
}

/** The name of an operation's tool: its id in snake case. */
export function toolName({ id }: Operation): string {
  return id.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Schemas take milliseconds to write down, and never change. */
const made = new WeakMap<Operation, Tool>();

/** The tool of an operation: path, query and body are its arguments, side by side. */
export function toolOf(operation: Operation): Tool {
  const known = made.get(operation) ?? makeTool(operation);
  made.set(operation, known);
  return known;
}

function makeTool(operation: Operation): Tool {
  const parts = partsOf(operation).map(({ schema }) => objectSchema(schema));
  const { summary, description, readOnly, idempotencyKey, access } = operation;
  const role = readOnly ? "Changes nothing." : `Changes something; for the role ${access}.`;
  return {
    name: toolName(operation),
    title: summary,
    description: [`${summary}.`, description, role].filter(Boolean).join(" "),
    inputSchema: {
      type: "object",
      properties: Object.assign({}, ...parts.map(({ properties }) => properties)) as Record<string, object>,
      required: parts.flatMap(({ required }) => required),
      additionalProperties: false,
    },
    annotations: {
      readOnlyHint: readOnly,
      destructiveHint: !readOnly,
      idempotentHint: readOnly || idempotencyKey !== undefined,
      openWorldHint: false,
    },
  };
}

/** A tool's arguments, each in the part of the request where it belongs; what belongs nowhere is left to the body, which refuses it. */
export function requestOf(operation: Operation, given: Readonly<Record<string, unknown>>) {
  const request: Record<Part, Record<string, unknown>> = { path: {}, query: {}, body: {} };
  const parts = partsOf(operation);
  for (const [name, value] of Object.entries(given)) {
    const part =
      parts.find(({ schema }) => name in objectSchema(schema).properties)?.part ?? parts.at(-1)?.part ?? "body";
    request[part][name] = value;
  }
  return request;
}

type Part = "path" | "query" | "body";

function partsOf({ path, query, body }: Operation): readonly { readonly part: Part; readonly schema: z.ZodType }[] {
  const all = [
    { part: "path", schema: path },
    { part: "query", schema: query },
    { part: "body", schema: body },
  ] as const;
  return all.flatMap(({ part, schema }) => (schema ? [{ part, schema }] : []));
}

function objectSchema(schema: z.ZodType): { properties: Record<string, object>; required: readonly string[] } {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return { properties: properties as Record<string, object>, required };
}
