import { randomUUID } from "node:crypto";
import { buildCommand, type Command } from "@stricli/core";
import type { z } from "zod";
import type { Operation } from "../src/api/registry/operation";
import type { RunView } from "../src/api/runs/views";
import { COMMON_FLAGS, clientOf, type CommonFlags } from "./common-flags";
import type { ApiAnswer, ApiClient, OperationInput } from "./client";
import type { CliContext } from "./context";
import { EXIT, EXIT_CODES_TEXT } from "./exit-codes";
import { fieldsOf, inputOf, parseJsonFlag, type Field } from "./fields";
import { showRun } from "./output/run";
import { show } from "./output/show";

type Flags = CommonFlags &
  Readonly<Record<string, unknown>> & { readonly all?: boolean; readonly idempotencyKey?: string };

/** The command of an operation: path parameters are arguments, fields of query and body are flags. */
export function operationCommand(operation: Operation): Command<CliContext> {
  const fields = fieldsOf(operation);
  const names = Object.keys(operation.path?.shape ?? {});
  const isList = "nextLink" in (pageShape(operation) ?? {});
  const examples = (operation.examples ?? []).map((example) => `  batchkeeper ${example}`);
  return buildCommand<Flags, string[], CliContext>({
    docs: {
      brief: operation.summary,
      fullDescription: [
        operation.summary + ".",
        ...(operation.description ? [operation.description] : []),
        ...(examples.length > 0 ? [`\nExamples\n${examples.join("\n")}`] : []),
        `\n${EXIT_CODES_TEXT}`,
      ].join("\n"),
    },
    parameters: {
      flags: {
        ...Object.fromEntries(fields.map((field) => [field.flag, flagOf(field)])),
        ...(isList
          ? { all: { kind: "boolean", optional: true, withNegated: false, brief: "every page, not the first alone" } }
          : {}),
        ...(operation.idempotencyKey ? { idempotencyKey: KEY_FLAG } : {}),
        ...COMMON_FLAGS,
      },
      positional: { kind: "tuple", parameters: names.map((name) => argumentOf(operation, name)) },
    } as never,
    async func(flags, ...values) {
      const { query, body } = inputOf(fields, flags);
      const input: OperationInput = {
        path: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""])),
        query,
        ...(operation.body ? { body } : {}),
        ...(operation.idempotencyKey ? { key: flags.idempotencyKey ?? randomUUID() } : {}),
      };
      const client = clientOf(this, flags);
      const answer = await client.call(operation, input);
      if (flags.all) await addPages(client, operation, answer);
      write(this, operation, answer, flags.json ?? false);
      if (answer.status >= 400) this.process.exitCode = EXIT.notWell;
    },
  });
}

const KEY_FLAG = {
  kind: "parsed",
  parse: (value: string) => value,
  optional: true,
  placeholder: "key",
  brief: "send the same key again to repeat a request without doing it twice (default: a new one)",
} as const;

function write(context: CliContext, operation: Operation, { status, body }: ApiAnswer, asJson: boolean): void {
  const out = context.process.stdout;
  if (asJson)
    return out.write(typeof body === "string" ? body : `${JSON.stringify(body ?? null, null, out.isTTY ? 2 : 0)}\n`);
  if (operation.answers[status]?.schema && isRun(body)) return showRun(out, body);
  show(out, body, operation.columns);
}

function isRun(body: unknown): body is RunView {
  return typeof body === "object" && body !== null && "steps" in body && "attempt" in body;
}

/** Adds the items of all further pages to the first. */
async function addPages(client: ApiClient, operation: Operation, first: ApiAnswer): Promise<void> {
  type Page = { value: unknown[]; nextLink?: string };
  const page = first.body as Page;
  for (let next = page.nextLink; next !== undefined;) {
    const more = (await client.next(operation, next)).body as Page;
    page.value.push(...more.value);
    next = more.nextLink;
  }
  delete page.nextLink;
}

function pageShape({ answers }: Operation): Readonly<Record<string, unknown>> | undefined {
  return (answers[200]?.schema as z.ZodObject | undefined)?.shape;
}

function argumentOf({ path }: Operation, name: string) {
  const { description } = path?.shape[name] as z.ZodType;
  return { brief: description ?? name, placeholder: name, parse: (value: string) => value };
}

function flagOf({ kind, choices = [], isRequired, brief }: Field): object {
  const optional = !isRequired;
  switch (kind) {
    case "switch":
      return { kind: "boolean", optional, brief, withNegated: false };
    case "choice":
      return { kind: "enum", values: choices, optional, brief };
    case "number":
      return { kind: "parsed", parse: numberOf, optional, brief };
    case "list":
      return { kind: "parsed", parse: String, variadic: true, optional: true, brief };
    case "map":
      return {
        kind: "parsed",
        parse: String,
        variadic: true,
        optional: true,
        brief: `${brief}: name=value, repeatable`,
      };
    case "json":
      return { kind: "parsed", parse: parseJsonFlag, optional, brief: `${brief}: JSON, or @file` };
    case "text":
      return { kind: "parsed", parse: String, optional, brief };
  }
}

function numberOf(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new SyntaxError(`"${text}" is no number`);
  return value;
}
