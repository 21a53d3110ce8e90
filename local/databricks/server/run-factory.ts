import { invalidParameter } from "./api-error";
import { isObject, stringMap, toBoolean, type Params } from "./params";
import type { JobRecord, RunRecord, RunTrigger, TaskRunRecord } from "./records";
import { selectTasks } from "./task-conditions";

const MAX_LEGACY_PARAMETER_BYTES = 10_000;
const OTHER_TASK_TYPES =
  "jar_params python_params spark_submit_params dbt_commands python_named_params sql_params pipeline_params".split(" ");

/** What a caller asks for beside the job itself. */
export interface RunRequest {
  readonly runType: RunRecord["runType"];
  readonly runName: string;
  readonly trigger: RunTrigger;
  readonly jobParameters: Readonly<Record<string, string>>;
  readonly notebookParams: Readonly<Record<string, string>>;
  readonly only: readonly string[];
  /** Overrides the job's own queue setting. */
  readonly queue: boolean | undefined;
}

/** Reads the parameters of run-now and repair; empty ones of other task types, as Airflow sends them, are no error. */
export function readRunParameters(params: Params): Pick<RunRequest, "jobParameters" | "notebookParams"> {
  const notebookParams = stringMap(params.values["notebook_params"], "notebook_params");
  if (Buffer.byteLength(JSON.stringify(notebookParams)) > MAX_LEGACY_PARAMETER_BYTES) {
    throw invalidParameter(
      `The JSON representation of notebook_params cannot exceed ${MAX_LEGACY_PARAMETER_BYTES} bytes.`,
    );
  }
  for (const name of OTHER_TASK_TYPES) {
    if (Object.keys(params.values[name] ?? {}).length > 0)
      throw invalidParameter(`${name} is for task types that the local Databricks does not run.`);
  }
  const jobParameters = stringMap(params.values["job_parameters"], "job_parameters");
  const wrong = Object.keys(jobParameters).find((key) => !/^[\w.-]+$/.test(key));
  if (wrong !== undefined) throw invalidParameter(`job_parameters: name "${wrong}" must match [A-Za-z0-9_.-].`);
  return { jobParameters, notebookParams };
}

/** Reads a run-level `queue: {enabled}`. */
export function readQueue(params: Params): boolean | undefined {
  const queue = params.values["queue"];
  return isObject(queue) ? toBoolean(queue["enabled"], "queue.enabled") : undefined;
}

/** Job parameters of a run: the job's defaults, over them the caller's. */
export function mergeJobParameters(
  job: JobRecord["settings"],
  given: Readonly<Record<string, string>>,
): RunRecord["jobParameters"] {
  const declared = (job.parameters ?? []).map((item) => ({ ...item, value: given[item.name] ?? item.default }));
  const known = new Set(declared.map((item) => item.name));
  const others = Object.entries(given).filter(([name]) => !known.has(name));
  return [...declared, ...others.map(([name, value]) => ({ name, value }))];
}

/** A fresh attempt of a task. */
export function newTaskRun(runId: number, jobRunId: number, taskKey: string, previous?: TaskRunRecord): TaskRunRecord {
  return {
    runId,
    jobRunId,
    taskKey,
    attempt: previous ? previous.attempt + 1 : 0,
    originalRunId: previous?.originalRunId ?? runId,
    phase: "blocked",
    notBefore: 0,
    startTime: 0,
    setupMs: 0,
    executionMs: 0,
    endTime: 0,
  };
}

/** Makes the records of a new run of `job`, all tasks blocked, the run queued. */
export function newRun(
  job: JobRecord,
  request: RunRequest,
  newId: () => number,
): { run: RunRecord; tasks: TaskRunRecord[] } {
  const settings = { ...job.settings, tasks: selectTasks(job.settings.tasks, request.only) };
  const run: RunRecord = {
    runId: newId(),
    jobId: job.jobId,
    runType: request.runType,
    runName: request.runName,
    settings,
    queue: request.queue ?? job.settings.queue?.enabled ?? false,
    jobParameters: mergeJobParameters(job.settings, request.jobParameters),
    notebookParams: request.notebookParams,
    trigger: request.trigger,
    createdTime: Date.now(),
    phase: "queued",
    startTime: 0,
    endTime: 0,
    repairs: [],
  };
  return { run, tasks: settings.tasks.map((task) => newTaskRun(newId(), run.runId, task.task_key)) };
}
