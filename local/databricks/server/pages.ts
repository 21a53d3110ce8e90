import type { JobRecord, RunRecord, TaskRunRecord } from "./records";
import { runStates, taskStates } from "./run-view";

/** Escape sequences with which IPython colours its traces. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that is HTML already. */
class Html {
  constructor(readonly text: string) {}
}

/** Builds HTML; every value that is not HTML itself is escaped. */
function html(strings: TemplateStringsArray, ...values: readonly (string | number | Html | readonly Html[])[]): Html {
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

function page(title: string, body: Html, refresh: boolean): string {
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

function badge(states: ReturnType<typeof taskStates>): Html {
  const life = String(states.state["life_cycle_state"]);
  const result = states.state["result_state"];
  const tone = result === "SUCCESS" ? "good" : result === undefined && life !== "SKIPPED" ? "open" : "bad";
  return html`<span class="${tone}">${typeof result === "string" ? result : life}</span>`;
}

const time = (epochMs: number): string =>
  epochMs > 0 ? new Date(epochMs).toISOString().replace("T", " ").slice(0, 19) : "–";
const seconds = (from: number, to: number): string =>
  from > 0 ? `${(((to || Date.now()) - from) / 1000).toFixed(1)} s` : "–";
const linkTo = (run: RunRecord): string => `/jobs/${run.jobId}/runs/${run.runId}`;

/** The page of all jobs and the latest runs. */
export function indexPage(
  jobs: readonly JobRecord[],
  runs: readonly { readonly run: RunRecord; readonly tasks: readonly TaskRunRecord[] }[],
): string {
  const jobRows = jobs.map(
    (job) =>
      html`<tr>
        <td>${job.settings.name}</td>
        <td>${job.jobId}</td>
        <td>${job.settings.tasks.map((task) => task.task_key).join(", ")}</td>
      </tr>`,
  );
  const runRows = runs.map(
    ({ run, tasks }) =>
      html`<tr>
        <td><a href="${linkTo(run)}">${run.runId}</a></td>
        <td>${run.runName}</td>
        <td>${badge(runStates(run, tasks))}</td>
        <td>${time(run.startTime || run.createdTime)}</td>
        <td>${seconds(run.startTime, run.endTime)}</td>
      </tr>`,
  );
  const body = html`<h1>Local Databricks</h1>
    <h2>Recent runs</h2>
    <table>
      <thead>
        <tr>
          <th>Run</th>
          <th>Name</th>
          <th>State</th>
          <th>Start (UTC)</th>
          <th>Duration</th>
        </tr>
      </thead>
      <tbody>
        ${runRows}
      </tbody>
    </table>
    ${runs.length === 0 ? html`<p class="muted">No run yet.</p>` : html``}
    <h2>Jobs</h2>
    <table>
      <thead>
        <tr>
          <th>Name</th>
          <th>Job</th>
          <th>Tasks</th>
        </tr>
      </thead>
      <tbody>
        ${jobRows}
      </tbody>
    </table>
    ${jobs.length === 0 ? html`<p class="muted">No job. Start the server with --bundle, or create one through the API.</p>` : html``}`;
  return page(
    "Local Databricks",
    body,
    runs.some(({ run }) => run.phase !== "done"),
  );
}

/** What a run's page shows of one attempt beside its record. */
export interface TaskOutput {
  readonly task: TaskRunRecord;
  readonly stdout: string;
  readonly stderr: string;
}

function block(title: string, text: string | undefined): Html {
  const plain = text?.replace(COLOURS, "");
  return plain
    ? html`<h3>${title}</h3>
        <pre>${plain}</pre>`
    : html``;
}

function taskSection({ task, stdout, stderr }: TaskOutput): Html {
  const parameters = Object.entries(task.parameters ?? {}).map(
    ([name, value]) =>
      html`<tr>
        <td>${name}</td>
        <td>${value}</td>
      </tr>`,
  );
  const message = task.outcome?.message ? html`<p>${task.outcome.code}: ${task.outcome.message}</p>` : html``;
  return html`<section id="${task.runId}">
    <h2>${task.taskKey} ${badge(taskStates(task))}</h2>
    <p class="muted">
      task run ${task.runId}, attempt ${task.attempt}, start ${time(task.startTime)}, set-up
      ${(task.setupMs / 1000).toFixed(1)} s, execution ${(task.executionMs / 1000).toFixed(1)} s
    </p>
    ${message}
    <table>
      <tbody>
        ${parameters}
      </tbody>
    </table>
    ${block("Result", task.result)}${block("Error", task.errorTrace ?? task.error)}${block("Standard output", stdout)}${block("Standard error", stderr)}
  </section>`;
}

/** The page of one job run. */
export function runPage(run: RunRecord, outputs: readonly TaskOutput[]): string {
  const tasks = outputs.map((output) => output.task);
  const parameters = run.jobParameters.map(
    ({ name, value }) =>
      html`<tr>
        <td>${name}</td>
        <td>${value}</td>
      </tr>`,
  );
  const body = html`<p><a href="/">Local Databricks</a></p>
    <h1>${run.runName} ${badge(runStates(run, tasks))}</h1>
    <p class="muted">
      run ${run.runId} of job ${run.jobId}, start ${time(run.startTime || run.createdTime)}, end ${time(run.endTime)},
      ${seconds(run.startTime, run.endTime)}
    </p>
    ${run.outcome?.message ? html`<p>${run.outcome.code}: ${run.outcome.message}</p>` : html``}
    <table>
      <tbody>
        ${parameters}
      </tbody>
    </table>
    ${outputs.map(taskSection)}`;
  return page(`${run.runName} · run ${run.runId}`, body, run.phase !== "done");
}
