import { invalidParameter } from "./api-error";
import { isObject, stringMap, toBoolean, toInteger, type JsonObject } from "./params";
import type { JobSettings, TaskSettings } from "./records";

const RUN_IFS = ["ALL_SUCCESS", "AT_LEAST_ONE_SUCCESS", "NONE_FAILED", "ALL_DONE", "AT_LEAST_ONE_FAILED", "ALL_FAILED"];
const TASK_NUMBERS = ["max_retries", "min_retry_interval_millis", "timeout_seconds"];

function list(value: unknown, name: string): JsonObject[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isObject)) throw invalidParameter(`${name} must be a list of objects.`);
  return value;
}

function numbers(values: JsonObject, names: readonly string[], where: string): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = toInteger(values[name], `${where}.${name}`);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function normaliseTask(task: JsonObject, where: string): TaskSettings {
  const key = task["task_key"];
  if (typeof key !== "string" || !/^[\w-]{1,100}$/.test(key))
    throw invalidParameter(`${where}.task_key must match [A-Za-z0-9_-], at most 100.`);
  const notebook = task["notebook_task"];
  if (!isObject(notebook)) throw invalidParameter(`Task ${key}: only notebook_task runs on the local Databricks.`);
  const path = notebook["notebook_path"];
  if (typeof path !== "string" || !path.startsWith("/"))
    throw invalidParameter(`Task ${key}: notebook_task.notebook_path must be absolute.`);
  const runIf = task["run_if"] ?? "ALL_SUCCESS";
  if (typeof runIf !== "string" || !RUN_IFS.includes(runIf))
    throw invalidParameter(`Task ${key}: run_if must be one of ${RUN_IFS.join(", ")}.`);
  const upstream = list(task["depends_on"], `Task ${key}: depends_on`).map((item) => ({
    ...item,
    task_key: String(item["task_key"]),
  }));
  const base = stringMap(notebook["base_parameters"], `Task ${key}: base_parameters`);
  return {
    ...task,
    ...numbers(task, TASK_NUMBERS, `Task ${key}`),
    task_key: key,
    run_if: runIf,
    ...(upstream.length > 0 ? { depends_on: upstream.sort((a, b) => a.task_key.localeCompare(b.task_key)) } : {}),
    notebook_task: {
      source: "WORKSPACE",
      ...notebook,
      notebook_path: path,
      ...(notebook["base_parameters"] ? { base_parameters: base } : {}),
    },
    ...(task["retry_on_timeout"] === undefined
      ? {}
      : { retry_on_timeout: toBoolean(task["retry_on_timeout"], "retry_on_timeout") ?? false }),
  };
}

function checkGraph(tasks: readonly TaskSettings[]): void {
  const keys = new Set(tasks.map((task) => task.task_key));
  if (keys.size !== tasks.length) throw invalidParameter("Duplicate task_key in tasks.");
  const placed = new Set<string>();
  for (const task of tasks) {
    for (const { task_key: upstream } of task.depends_on ?? []) {
      if (!keys.has(upstream)) throw invalidParameter(`Task ${task.task_key} depends on unknown task ${upstream}.`);
    }
  }
  while (placed.size < tasks.length) {
    const ready = tasks.filter(
      (task) => !placed.has(task.task_key) && (task.depends_on ?? []).every((item) => placed.has(item.task_key)),
    );
    if (ready.length === 0) throw invalidParameter("The dependencies of the tasks form a cycle.");
    for (const task of ready) placed.add(task.task_key);
  }
}

function normaliseParameters(value: unknown): { parameters?: { name: string; default: string }[] } {
  const parameters = list(value, "parameters").map((item) => {
    const name = item["name"];
    if (typeof name !== "string" || !/^[\w.-]+$/.test(name))
      throw invalidParameter("A job parameter's name must match [A-Za-z0-9_.-].");
    return { name, default: stringMap({ [name]: item["default"] }, "parameters")[name] ?? "" };
  });
  return parameters.length > 0 ? { parameters } : {};
}

/**
 * Checks the settings of a job and fills in what the cloud fills in.
 *
 * @param queueByDefault - true for jobs created through API 2.2
 * @throws ApiError 400 that names the field
 */
export function normaliseSettings(settings: JsonObject, queueByDefault: boolean): JobSettings {
  const name = settings["name"] ?? "Untitled";
  if (typeof name !== "string" || Buffer.byteLength(name) > 4096)
    throw invalidParameter("name must be a string of at most 4096 bytes.");
  const tasks = list(settings["tasks"], "tasks").map((task, index) => normaliseTask(task, `tasks[${index}]`));
  if (tasks.length === 0) throw invalidParameter("A job needs at least one task.");
  if (tasks.length > 1000) throw invalidParameter("A job has at most 1000 tasks.");
  checkGraph(tasks);
  const queue = settings["queue"];
  const enabled = isObject(queue) ? (toBoolean(queue["enabled"], "queue.enabled") ?? false) : queueByDefault;
  const limit = toInteger(settings["max_concurrent_runs"], "max_concurrent_runs") ?? 1;
  if (limit < 0 || limit > 1000) throw invalidParameter("max_concurrent_runs must be between 0 and 1000.");
  return {
    email_notifications: {},
    webhook_notifications: {},
    format: "MULTI_TASK",
    ...settings,
    name,
    max_concurrent_runs: limit,
    timeout_seconds: toInteger(settings["timeout_seconds"], "timeout_seconds") ?? 0,
    queue: { enabled },
    ...normaliseParameters(settings["parameters"]),
    tasks,
  };
}
