import type { taskStates } from "./run-view";

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

/** Builds HTML; every value that is not HTML itself is escaped. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const render = (value: string | number | Html | readonly Html[]): string => {
    if (value instanceof Html) return value.text;
    if (typeof value === "object") return value.map((item) => item.text).join("");
    return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
  };
  return new Html(
    strings.map((part, index) => part + (index < values.length ? render(values[index] ?? "") : "")).join(""),
  );
}

const STYLE =
  new Html(`body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.35rem .8rem .35rem 0;border-bottom:1px solid #d8dee4;vertical-align:top}
pre{background:#f6f8fa;padding:.8rem;overflow:auto;max-height:32rem}a{color:#0550ae}.good{color:#1a7f37}.bad{color:#b42318}.open{color:#7a4e00}.muted{color:#57606a}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}pre{background:#161b22}td,th{border-color:#30363d}a{color:#79b8ff}.good{color:#56d364}.bad{color:#ff7b72}.open{color:#e3b341}.muted{color:#9198a1}}`);

/** A whole page; `refresh` has the browser load it again every three seconds. */
export function page(title: string, body: Html, refresh: boolean): string {
  const reload = refresh ? html`<meta http-equiv="refresh" content="3" />` : html``;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        ${reload}
        <title>${title}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`.text;
}

/** The state of a run, coloured. */
export function badge(states: ReturnType<typeof taskStates>): Html {
  const life = String(states.state["life_cycle_state"]);
  const result = states.state["result_state"];
  const tone = result === "SUCCESS" ? "good" : result === undefined && life !== "SKIPPED" ? "open" : "bad";
  return html`<span class="${tone}">${typeof result === "string" ? result : life}</span>`;
}

/** A time in UTC to the second. */
export const time = (epochMs: number): string =>
  epochMs > 0 ? new Date(epochMs).toISOString().replace("T", " ").slice(0, 19) : "–";

/** How long something took, or takes so far. */
export const seconds = (from: number, to: number): string =>
  from > 0 ? `${(((to || Date.now()) - from) / 1000).toFixed(1)} s` : "–";

/** A table; rows hold as many cells as there are headings, or any number without headings. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number | Html)[])[]): Html {
  const cells = (row: readonly (string | number | Html)[]): Html[] => row.map((cell) => html`<td>${cell}</td>`);
  const head =
    headings.length === 0
      ? html``
      : html`<thead>
          <tr>
            ${headings.map((text) => html`<th>${text}</th>`)}
          </tr>
        </thead>`;
  return html`<table>
    ${head}
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${cells(row)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** What of the settings has no effect here; empty when all has. */
export function warningList(warnings: readonly string[]): Html {
  return warnings.length === 0
    ? html``
    : html`<ul class="open">
        ${warnings.map((text) => html`<li>${text}</li>`)}
      </ul>`;
}
