import { badge, html, page, seconds, table, time, warningList, type Html } from "./html";
import { nextStart, triggerOf } from "./job-triggers";
import { isObject } from "./params";
import type { JobRecord, RunRecord, TaskRunRecord } from "./records";
import { runStates } from "./run-view";

/** A run and its attempts, as lists show them. */
export interface ListedRun {
  readonly run: RunRecord;
  readonly tasks: readonly TaskRunRecord[];
}

const isOpen = ({ run }: ListedRun): boolean => run.phase !== "done";

function runTable(runs: readonly ListedRun[]): Html {
  if (runs.length === 0) return html`<p class="muted">No run yet.</p>`;
  const rows = runs.map(({ run, tasks }) => [
    html`<a href="/jobs/${run.jobId}/runs/${run.runId}">${run.runId}</a>`,
    run.runName,
    run.trigger ?? "ONE_TIME",
    badge(runStates(run, tasks)),
    time(run.startTime || run.createdTime),
    seconds(run.startTime, run.endTime),
  ]);
  return table(["Run", "Name", "Trigger", "State", "Start (UTC)", "Duration"], rows);
}

function nextStartOf(job: JobRecord): string {
  if (triggerOf(job)?.type === "CONTINUOUS") return "continuous";
  return time(nextStart(job, Date.now()) ?? 0);
}

/** The page of all jobs and the latest runs. */
export function indexPage(jobs: readonly JobRecord[], runs: readonly ListedRun[]): string {
  const rows = jobs.map((job) => [
    html`<a href="/jobs/${job.jobId}">${job.settings.name}</a>`,
    job.jobId,
    job.settings.tasks.map((task) => task.task_key).join(", "),
    nextStartOf(job),
  ]);
  const body = html`<h1>Local Databricks</h1>
    <h2>Recent runs</h2>
    ${runTable(runs)}
    <h2>Jobs</h2>
    ${jobs.length === 0 ? html`<p class="muted">No job. Start the server with --bundle, or create one through the API.</p>` : table(["Name", "Job", "Tasks", "Next start (UTC)"], rows)}`;
  return page("Local Databricks", body, runs.some(isOpen));
}

/** Pages need no token, and environment variables may hold what needs one: they are shown by name. */
function hideValues(name: string, value: unknown): unknown {
  return name === "spark_env_vars" && isObject(value) ? Object.keys(value) : value;
}

/** The page of one job: what starts it, what of its settings has no effect here, its settings and its latest runs. */
export function jobPage(job: JobRecord, runs: readonly ListedRun[], warnings: readonly string[]): string {
  const body = html`<p><a href="/">Local Databricks</a></p>
    <h1>${job.settings.name}</h1>
    <p class="muted">job ${job.jobId}, created ${time(job.createdTime)}, next start ${nextStartOf(job)}</p>
    ${warningList(warnings)}
    <h2>Recent runs</h2>
    ${runTable(runs)}
    <h2>Settings</h2>
    <pre tabindex="0">${JSON.stringify(job.settings, hideValues, 2)}</pre>`;
  return page(`${job.settings.name} · job ${job.jobId}`, body, runs.some(isOpen));
}
