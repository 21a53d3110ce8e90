import type { Output } from "../context";
import type { Fault } from "../fault";
import { at, cell, coloured, stateCell } from "./cell";
import { plainRows, writeRows } from "./table";

/** Columns that say little in a table: they are in --json. */
const LEFT_OUT = new Set(["links", "steps", "parameters", "etag", "container", "batch", "description"]);

/** Writes an answer for people, or as plain lines in a pipe: a page as rows, anything else by its fields. */
export function show(out: Output, body: unknown, columns?: readonly string[]): void {
  if (body === undefined) return;
  if (typeof body === "string") return out.write(body.endsWith("\n") ? body : `${body}\n`);
  const items = (body as { value?: unknown }).value;
  if (Array.isArray(items)) return showItems(out, items, columns);
  showFields(out, body as Record<string, unknown>);
}

/** Writes items as rows. */
export function showItems(out: Output, items: readonly unknown[], columns?: readonly string[]): void {
  if (items.length === 0) {
    if (out.isTTY) out.write(coloured(out, "dim", "nothing\n"));
    return;
  }
  if (items.every((item) => typeof item !== "object")) return out.write(plainRows(items.map((item) => [cell(item)])));
  const paths = columns ?? Object.keys(items[0] as object).filter((name) => !LEFT_OUT.has(name));
  const rows = items.map((item) =>
    paths.map((path) => {
      const text = cell(at(item, path));
      return /(?:^|\.)(?:state|status)$/.test(path) ? stateCell(out, text) : text;
    }),
  );
  writeRows(out, paths, rows);
}

function showFields(out: Output, body: Readonly<Record<string, unknown>>): void {
  const simple = Object.entries(body).filter(([, value]) => !isList(value));
  const labelled = simple
    .filter(([name]) => name !== "links")
    .map(([name, value]) => [name, ["state", "status"].includes(name) ? stateCell(out, cell(value)) : cell(value)]);
  const width = Math.max(0, ...labelled.map(([name = ""]) => name.length));
  for (const [name = "", value = ""] of labelled)
    out.write(out.isTTY ? `${coloured(out, "dim", name.padEnd(width))}  ${value}\n` : `${name}\t${value}\n`);
  for (const [name, value] of Object.entries(body)) {
    if (!isList(value) || value.length === 0) continue;
    if (out.isTTY) out.write(`\n${coloured(out, "bold", name)}\n`);
    showItems(out, value);
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** A fault for people: what is wrong, where, and what to do. */
export function faultText(out: Output, { problem }: Fault): string {
  const where = (problem.errors ?? []).map(({ pointer, detail }) => `    ${pointer || "the body"}: ${detail}\n`);
  const trace = problem.status >= 500 && problem.traceId ? `  traceId: ${problem.traceId}\n` : "";
  return [
    `${coloured(out, "red", problem.title)}: ${problem.detail}\n`,
    ...(where.length > 1 ? where : []),
    `  ${coloured(out, "bold", "remedy")}: ${problem.remedy}\n`,
    trace,
  ].join("");
}
