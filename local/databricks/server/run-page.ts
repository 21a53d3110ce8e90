import { badge, html, page, seconds, table, time, warningList, type Html } from "./html";
import type { RunRecord, TaskRunRecord } from "./records";
import { runStates, taskStates } from "./run-view";

/** Escape sequences with which IPython colours its traces. */
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");
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
        <pre tabindex="0">${plain}</pre>`
    : html``;
}

function taskSection({ task, stdout, stderr }: TaskOutput): Html {
  const message = task.outcome?.message ? html`<p>${task.outcome.code}: ${task.outcome.message}</p>` : html``;
  return html`<section id="${task.runId}">
    <h2>${task.taskKey} ${badge(taskStates(task))}</h2>
    <p class="muted">
      task run ${task.runId}, attempt ${task.attempt}, start ${time(task.startTime)}, set-up
      ${(task.setupMs / 1000).toFixed(1)} s, execution ${(task.executionMs / 1000).toFixed(1)} s
    </p>
    ${message} ${table([], Object.entries(task.parameters ?? {}))}
    ${block("Result", task.result)}${block("Error", task.errorTrace ?? task.error)}${block("Standard output", stdout)}${block("Standard error", stderr)}
  </section>`;
}

/** The page of one job run, with the warnings about its settings and from its cluster. */
export function runPage(run: RunRecord, outputs: readonly TaskOutput[], warnings: readonly string[]): string {
  const tasks = outputs.map((output) => output.task);
  const body = html`<p><a href="/">Local Databricks</a> · <a href="/jobs/${run.jobId}">job ${run.jobId}</a></p>
    <h1>${run.runName} ${badge(runStates(run, tasks))}</h1>
    <p class="muted">
      run ${run.runId} of job ${run.jobId}, start ${time(run.startTime || run.createdTime)}, end ${time(run.endTime)},
      ${seconds(run.startTime, run.endTime)}
    </p>
    ${run.outcome?.message ? html`<p>${run.outcome.code}: ${run.outcome.message}</p>` : html``} ${warningList(warnings)}
    ${table(
      [],
      run.jobParameters.map(({ name, value }) => [name, value]),
    )}
    ${outputs.map(taskSection)}`;
  return page(`${run.runName} · run ${run.runId}`, body, run.phase !== "done");
}
