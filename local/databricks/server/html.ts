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

/** The colours are those of the console (`console/styles/tokens.css`), which a test compares. */
const STYLE =
  new Html(`:root{color-scheme:light dark;--bg:light-dark(#f7f7f5,#121315);--card:light-dark(#ffffff,#1a1c1f);
--ink:light-dark(#1c1d1f,#eceef1);--soft:light-dark(#5b5f66,#a8adb5);--line:light-dark(#e4e4e0,#2b2e33);--accent:light-dark(#2f5bd0,#8fb0ff);
--accent-soft:light-dark(#e8eefc,#1f2a44);--good:light-dark(#1b6d44,#63c896);--good-soft:light-dark(#e3f3ea,#163024);--bad:light-dark(#b3261e,#ff8a80);
--bad-soft:light-dark(#fbe9e7,#3a1c1a);--warn:light-dark(#7d5100,#e8b64c);--warn-soft:light-dark(#fdf1d8,#352a12)}
body{font:14px/1.45 Inter,"Segoe UI",system-ui,"Helvetica Neue","DejaVu Sans",sans-serif;margin:0;padding:22px 28px 60px;background:var(--bg);color:var(--ink);font-variant-numeric:tabular-nums}
main{max-width:70rem;margin:0 auto}h1{font-size:20px;font-weight:650;letter-spacing:-.01em}h2{font-size:15px;font-weight:600;margin:26px 0 10px}h3{font-size:13px;font-weight:600;color:var(--soft);margin:16px 0 8px}
.table{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:4px 16px;overflow-x:auto}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:8px 12px 8px 0;border-bottom:1px solid var(--line);vertical-align:top}th{font-size:12px;font-weight:550;color:var(--soft)}tr:last-child>td{border-bottom:0}
pre{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 12px;overflow:auto;max-height:32rem;font:12px/1.5 "JetBrains Mono",ui-monospace,"DejaVu Sans Mono",monospace}
a{color:inherit;text-decoration-color:var(--soft);text-underline-offset:3px}:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
.pill{border-radius:99px;padding:3px 10px;font-size:12.5px;font-weight:600;white-space:nowrap}.good{background:var(--good-soft);color:var(--good)}.bad{background:var(--bad-soft);color:var(--bad)}
.open{background:var(--accent-soft);color:var(--accent)}.warnings{background:var(--warn-soft);color:var(--warn);border-radius:10px;padding:10px 16px 10px 32px;margin:12px 0}.muted{color:var(--soft)}
@media(max-width:860px){body{padding:16px 14px 48px}}`);

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

const SIGNS = { good: "✓", bad: "▲", open: "●" };

/** The state of a run: colour, sign and word say the same. */
export function badge(states: ReturnType<typeof taskStates>): Html {
  const life = String(states.state["life_cycle_state"]);
  const result = states.state["result_state"];
  const tone = result === "SUCCESS" ? "good" : result === undefined && life !== "SKIPPED" ? "open" : "bad";
  return html`<span class="pill ${tone}">${SIGNS[tone]} ${typeof result === "string" ? result : life}</span>`;
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
  if (rows.length === 0) return html``;
  return html`<div class="table" tabindex="0" role="group" aria-label="Table">
    <table>
      ${head}
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${cells(row)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** What of the settings has no effect here; empty when all has. */
export function warningList(warnings: readonly string[]): Html {
  return warnings.length === 0
    ? html``
    : html`<ul class="warnings">
        ${warnings.map((text) => html`<li>${text}</li>`)}
      </ul>`;
}
