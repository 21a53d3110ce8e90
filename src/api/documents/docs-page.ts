import { createHash } from "node:crypto";
import { PROBLEM_TYPES } from "../problem-types";
import { problemsOf } from "../registry/openapi";
import type { Operation } from "../registry/operation";

const STYLE = `
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:70rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem;border-bottom:1px solid #8884}
code{font:13px ui-monospace,monospace}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8882}
.method{font-weight:600;margin-right:.5rem}
.meta{color:#777}
`;

/** What the page may load: its own style, known by its digest, and nothing else. */
export const DOCS_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The API for people: every operation with its parameters, answers and refusals, and every problem with its remedy. No script. */
export function docsPage(operations: readonly Operation[], version: string, root: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Batchkeeper API</title><style>${STYLE}</style></head><body>
<h1>Batchkeeper API</h1>
<p>Version ${text(version)}. Root: <code>${text(root)}</code>. The same as a document: <code>${text(root)}/openapi.json</code>.</p>
<p>Send a function key as <code>x-functions-key</code>, or sign in with Entra, as the deployment has it. Errors are RFC 9457 problems with a <code>remedy</code>.</p>
${operations.map((operation) => section(operation)).join("\n")}
<h2 id="problems">Problems</h2>
<table><tr><th>type ends with</th><th>status</th><th>title</th><th>remedy</th></tr>
${Object.entries(PROBLEM_TYPES)
  .map(([code, { status, title, remedy }]) => row(codeOf(code), String(status), text(title), text(remedy)))
  .join("\n")}
</table></body></html>
`;
}

function section(operation: Operation): string {
  const { id, summary, description, http, access, command, answers } = operation;
  const parameters = [...fields("path", operation), ...fields("query", operation), ...fields("body", operation)];
  const outcomes = Object.entries(answers).map(([status, answer]) => row(status, text(answer.description)));
  const refusals = problemsOf(operation).map((code) => row(String(PROBLEM_TYPES[code].status), codeOf(code)));
  return `<h2 id="${text(id)}">${text(summary)}</h2>
<p><span class="method">${http.method}</span><code>/${text(http.path)}</code></p>
<p class="meta">Role: ${text(access)}.${command === undefined ? "" : ` Command: <code>batchkeeper ${text(command)}</code>.`}</p>
${description === undefined ? "" : `<p>${text(description)}</p>`}
${parameters.length > 0 ? `<table><tr><th>in</th><th>name</th><th>meaning</th></tr>${parameters.join("")}</table>` : ""}
<table><tr><th>status</th><th>meaning</th></tr>${[...outcomes, ...refusals].join("")}</table>`;
}

function fields(place: "path" | "query" | "body", operation: Operation): string[] {
  const shape = (operation[place] as { shape?: Record<string, { description?: string }> } | undefined)?.shape ?? {};
  return Object.entries(shape).map(([name, schema]) => row(place, codeOf(name), text(schema.description ?? "")));
}

const codeOf = (value: string): string => `<code>${text(value)}</code>`;
const row = (...cells: readonly string[]): string => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;

function text(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
