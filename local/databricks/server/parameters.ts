import type { RunRecord, TaskRunRecord, TaskSettings } from "./records";

/** What dynamic value references can speak of. */
export interface ReferenceContext {
  readonly run: RunRecord;
  readonly task: TaskRunRecord;
  readonly settings: TaskSettings;
  readonly taskValue: (taskKey: string, key: string) => string | undefined;
  readonly resultState: (taskKey: string) => string | undefined;
  readonly workspaceUrl: string;
}

/** The id that the local workspace calls itself by. */
export const WORKSPACE_ID = "900800700600";

function timePart(epochMs: number, part: string): string | undefined {
  const iso = new Date(epochMs).toISOString();
  const parts: Record<string, string> = {
    iso_date: iso.slice(0, 10),
    iso_datetime: `${iso.slice(0, 19)}`,
    timestamp_ms: String(epochMs),
    year: iso.slice(0, 4),
    month: String(Number(iso.slice(5, 7))),
    day: String(Number(iso.slice(8, 10))),
    hour: String(Number(iso.slice(11, 13))),
    minute: String(Number(iso.slice(14, 16))),
    second: String(Number(iso.slice(17, 19))),
  };
  return parts[part];
}

function resolve(reference: string, context: ReferenceContext): string | undefined {
  const { run, task, settings } = context;
  const [space = "", name = "", third = "", ...rest] = reference.split(".").map((part) => part.replaceAll("`", ""));
  if (space === "job" && name === "start_time") return timePart(run.startTime, third);
  if (space === "job" && name === "trigger" && third === "time") return timePart(run.createdTime, rest.join("."));
  if (space === "job" && name === "parameters")
    return run.jobParameters.find((item) => item.name === [third, ...rest].join("."))?.value;
  if (space === "tasks" && third === "values") return context.taskValue(name, rest.join("."));
  if (space === "tasks" && third === "result_state") return context.resultState(name);
  const simple: Record<string, string> = {
    "job.id": String(run.jobId),
    "job.name": run.settings.name,
    "job.run_id": String(run.runId),
    "job.repair_count": String(run.repairs.length),
    "job.trigger.type": (run.trigger ?? "ONE_TIME").toLowerCase(),
    "task.name": task.taskKey,
    "task.run_id": String(task.runId),
    "task.execution_count": String(task.attempt + 1),
    "task.notebook_path": settings.notebook_task.notebook_path,
    "workspace.id": WORKSPACE_ID,
    "workspace.url": context.workspaceUrl,
  };
  return simple[reference];
}

/** Replaces `{{…}}` references; those that cannot be resolved stay literal, as Databricks documents. */
export function resolveReferences(text: string, context: ReferenceContext): string {
  return text.replace(/\{\{\s*([^{}]+?)\s*\}\}/g, (whole, reference: string) => resolve(reference, context) ?? whole);
}

/** The parameters a notebook gets: base parameters, over them `notebook_params`, over them job parameters. */
export function taskParameters(context: ReferenceContext): Record<string, string> {
  const { run, settings } = context;
  const merged: Record<string, string> = { ...settings.notebook_task.base_parameters, ...run.notebookParams };
  for (const { name, value } of run.jobParameters) merged[name] = value;
  return Object.fromEntries(Object.entries(merged).map(([name, value]) => [name, resolveReferences(value, context)]));
}
