import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Operation } from "../src/api/registry/operation";
import { ownFault } from "./fault";

/** A flag of a command: one field of an operation's query or body. */
export interface Field {
  /** Camel case; typed in kebab case. */
  readonly flag: string;
  readonly place: "query" | "body";
  /** Where it stands in there. */
  readonly at: readonly string[];
  /** `map`: `name=value`, repeatable. `list`: repeatable. `json`: JSON text, or `@file`. */
  readonly kind: "text" | "number" | "switch" | "choice" | "map" | "list" | "json";
  readonly choices?: readonly string[];
  readonly isRequired: boolean;
  readonly brief: string;
}

type Schema = z.core.JSONSchema.BaseSchema;

/** The flags of an operation, in the order of its schemas. */
export function fieldsOf({ query, body }: Operation): Field[] {
  return [...fieldsIn(query, "query"), ...fieldsIn(body, "body")];
}

function fieldsIn(type: z.ZodType | undefined, place: Field["place"]): Field[] {
  if (type === undefined) return [];
  const schema = z.toJSONSchema(type, { io: "input", unrepresentable: "any" }) as Schema;
  return fieldsBelow(schema, place, [], true);
}

function fieldsBelow(schema: Schema, place: Field["place"], at: readonly string[], isRequired: boolean): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const inner = plain(property as Schema);
    const path = [...at, name];
    const required = isRequired && (schema.required ?? []).includes(name);
    if (inner.properties) return fieldsBelow(inner, place, path, required);
    const brief = inner.description ?? (property as Schema).description ?? path.join(" ");
    return [{ flag: camelCase(path), place, at: path, isRequired: required, brief, ...kindOf(inner) }];
  });
}

/** The schema without null: a field that is not given is left out. */
function plain(schema: Schema): Schema {
  const options = (schema.anyOf ?? []).filter((option) => option.type !== "null");
  if (options.length !== 1) return schema;
  const { anyOf: _options, ...rest } = schema;
  return { ...rest, ...(options[0] as Schema) };
}

function kindOf(schema: Schema): Pick<Field, "kind" | "choices"> {
  if (schema.enum) return { kind: "choice", choices: schema.enum.map(String) };
  if (schema.type === "boolean") return { kind: "switch" };
  if (schema.type === "number" || schema.type === "integer") return { kind: "number" };
  if (schema.type === "array") {
    const items = schema.items as Schema | undefined;
    return { kind: items?.type === "string" ? "list" : "json" };
  }
  if (schema.type === "object") {
    const values = schema.additionalProperties;
    return { kind: typeof values === "object" && values.type === "string" ? "map" : "json" };
  }
  return { kind: schema.type === "string" ? "text" : "json" };
}

function camelCase(path: readonly string[]): string {
  return path.map((part, index) => (index === 0 ? part : part.charAt(0).toUpperCase() + part.slice(1))).join("");
}

/** Query and body made of flags, each value at its place. */
export function inputOf(fields: readonly Field[], flags: Readonly<Record<string, unknown>>) {
  const input: { query: Record<string, unknown>; body: Record<string, unknown> } = { query: {}, body: {} };
  for (const { flag, place, at, kind } of fields) {
    const value = flags[flag];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    let target = input[place];
    for (const part of at.slice(0, -1)) target = (target[part] ??= {}) as Record<string, unknown>;
    target[at.at(-1) ?? ""] = kind === "map" ? mapOf(value as readonly string[]) : value;
  }
  return input;
}

function mapOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw ownFault("bad-argument", `"${pair}": expected name=value`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** A value of a JSON flag: JSON, or the JSON in the file behind an @. */
export function parseJsonFlag(text: string): unknown {
  const source = text.startsWith("@") ? readFileSync(text.slice(1), "utf8") : text;
  return JSON.parse(source) as unknown;
}
