import type { Violation } from "../kernel/kernel";
import type { Happening, Trace } from "../kernel/trace";

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const STYLE = `
body{font:13px/1.4 system-ui,sans-serif;margin:1.5em;color:#222}h1{font-size:1.2em}
table{border-collapse:collapse;width:100%}th{position:sticky;top:0;background:#fff;text-align:left;border-bottom:2px solid #888}
td,th{padding:1px 6px;vertical-align:top;border-left:1px solid #e5e5e5}td.t{white-space:nowrap;color:#777;font-variant-numeric:tabular-nums}
tr.plain td{color:#888}tr.fault{background:#fff4e0}tr.violation{background:#ffd9d9;font-weight:600}tr.event{background:#eef5ff}
.d{color:#666;font-size:12px;overflow-wrap:anywhere}li{margin:.2em 0}input:checked~table tr.plain{display:none}`;

function row({ at, who, what, detail, weight }: Happening, lanes: readonly string[], startsAt: number): string {
  const cells = lanes.map((lane) =>
    lane === who ? `<td>${escape(what)}<div class=d>${escape(detail.slice(0, 400))}</div></td>` : "<td></td>",
  );
  const seconds = ((at - startsAt) / 1000).toFixed(3);
  return `<tr class=${weight}><td class=t>+${seconds} s<br>${new Date(at).toISOString().slice(11, 19)}</td>${cells.join("")}</tr>`;
}

/** The trace as one HTML file: a lane for each who acts, time from top to bottom. */
export function tracePage(
  seed: number,
  trace: Trace,
  violations: readonly Violation[],
  words: readonly string[],
): string {
  const startsAt = trace.happenings[0]?.at ?? 0;
  const lanes = [...new Set(trace.happenings.map(({ who }) => who))];
  const list = violations.map(
    ({ rule, kind, message }) => `<li><b>${escape(rule)}</b> ${escape(kind)}: ${escape(message)}</li>`,
  );
  const need = words.map((line) => `<li>${escape(line)}</li>`);
  const rows = trace.happenings.map((one) => row(one, lanes, startsAt));
  return `<!doctype html><html lang=en><meta charset=utf-8><title>Schedule ${seed}</title><style>${STYLE}</style>
<h1>Schedule ${seed}: ${violations.length === 0 ? "every rule held" : "a rule broke"}</h1><ul>${list.join("")}</ul>
<details><summary>What this schedule consists of</summary><ul>${need.join("")}</ul></details>
<input type=checkbox id=f checked><label for=f> hide plain calls</label>
<table><tr><th>time</th>${lanes.map((lane) => `<th>${escape(lane)}</th>`).join("")}</tr>
${rows.join("\n")}</table></html>
`;
}
