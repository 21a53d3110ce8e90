import { invalidParameter } from "./api-error";
import {
  defined,
  duplicate,
  isObject,
  objectList,
  stringMap,
  toBoolean,
  toInteger,
  toNatural,
  type JsonObject,
} from "./params";
import type { ClusterSpec, TaskSettings } from "./records";

const RUN_IFS = ["ALL_SUCCESS", "AT_LEAST_ONE_SUCCESS", "NONE_FAILED", "ALL_DONE", "AT_LEAST_ONE_FAILED", "ALL_FAILED"];
const COMPUTE = ["job_cluster_key", "new_cluster", "existing_cluster_id", "environment_key"];
const LIBRARY_KINDS = ["pypi", "whl", "requirements", "jar", "maven", "cran", "egg"];
/** The field that a library of this kind must have; a kind without one is a path. */
const LIBRARY_FIELDS: Readonly<Record<string, string>> = { pypi: "package", maven: "coordinates", cran: "package" };

function checkLibrary(library: JsonObject, where: string): void {
  const [kind, ...others] = Object.keys(library);
  if (kind === undefined || others.length > 0 || !LIBRARY_KINDS.includes(kind))
    throw invalidParameter(`${where} must be exactly one of ${LIBRARY_KINDS.join(", ")}.`);
  const field = LIBRARY_FIELDS[kind];
  const value = library[kind];
  const text = field === undefined ? value : isObject(value) ? value[field] : undefined;
  if (typeof text !== "string" || text === "")
    throw invalidParameter(`Missing required field: ${where}.${field === undefined ? kind : `${kind}.${field}`}`);
}

/** Checks the specification of a new cluster. Throws 400 that names the field. */
export function normaliseCluster(value: unknown, where: string): ClusterSpec {
  if (!isObject(value)) throw invalidParameter(`${where}: new_cluster must be an object.`);
  const maps = ["spark_conf", "spark_env_vars"].flatMap((name) =>
    value[name] === undefined ? [] : [[name, stringMap(value[name], `${where}: ${name}`)]],
  );
  const spec = { ...value, ...(Object.fromEntries(maps) as ClusterSpec) };
  const wrong = Object.keys(spec.spark_env_vars ?? {}).find((name) => !/^[A-Za-z_]\w*$/.test(name));
  if (wrong !== undefined)
    throw invalidParameter(`${where}: spark_env_vars: "${wrong}" is no name of an environment variable.`);
  return spec;
}

function normaliseNotebook(value: unknown, where: string): TaskSettings["notebook_task"] {
  if (!isObject(value)) throw invalidParameter(`${where}: only notebook_task runs on the local Databricks.`);
  if ((value["source"] ?? "WORKSPACE") !== "WORKSPACE")
    throw invalidParameter(`${where}: notebook_task.source must be WORKSPACE on the local Databricks.`);
  const path = value["notebook_path"];
  if (typeof path !== "string" || !path.startsWith("/"))
    throw invalidParameter(`${where}: notebook_task.notebook_path must be absolute.`);
  const base = value["base_parameters"];
  return {
    ...value,
    source: "WORKSPACE",
    notebook_path: path,
    ...(base ? { base_parameters: stringMap(base, `${where}: base_parameters`) } : {}),
  };
}

function normaliseUpstream(value: unknown, where: string): Pick<TaskSettings, "depends_on"> {
  const upstream = objectList(value, `${where}: depends_on`).map((item) => ({
    ...item,
    task_key: String(item["task_key"]),
  }));
  const twice = duplicate(upstream.map((item) => item.task_key));
  if (twice !== undefined) throw invalidParameter(`${where}: depends_on names task ${twice} twice.`);
  return upstream.length > 0 ? { depends_on: upstream.sort((a, b) => a.task_key.localeCompare(b.task_key)) } : {};
}

function normaliseCompute(task: JsonObject, where: string): Pick<TaskSettings, "libraries" | "new_cluster"> {
  const chosen = COMPUTE.filter((name) => (task[name] ?? "") !== "");
  if (chosen.length > 1) throw invalidParameter(`${where}: only one of ${chosen.join(" and ")} can be given.`);
  const libraries = objectList(task["libraries"], `${where}: libraries`);
  libraries.forEach((library, index) => checkLibrary(library, `${where}: libraries[${index}]`));
  return defined({
    libraries: libraries.length > 0 ? libraries : undefined,
    new_cluster: task["new_cluster"] ? normaliseCluster(task["new_cluster"], where) : undefined,
  });
}

/** Checks the settings of a task and fills in what the service fills in. Throws 400 that names task and field. */
export function normaliseTask(task: JsonObject, position: string): TaskSettings {
  const key = task["task_key"];
  if (typeof key !== "string" || !/^[\w-]{1,100}$/.test(key))
    throw invalidParameter(`${position}.task_key must match [A-Za-z0-9_-], at most 100.`);
  const where = `Task ${key}`;
  const runIf = task["run_if"] ?? "ALL_SUCCESS";
  if (typeof runIf !== "string" || !RUN_IFS.includes(runIf))
    throw invalidParameter(`${where}: run_if must be one of ${RUN_IFS.join(", ")}.`);
  const retries = toInteger(task["max_retries"], `${where}.max_retries`);
  if (retries !== undefined && retries < -1) throw invalidParameter(`${where}.max_retries must be at least -1.`);
  return {
    ...task,
    ...defined({
      max_retries: retries,
      min_retry_interval_millis: toNatural(task["min_retry_interval_millis"], `${where}.min_retry_interval_millis`),
      timeout_seconds: toNatural(task["timeout_seconds"], `${where}.timeout_seconds`),
      retry_on_timeout: toBoolean(task["retry_on_timeout"], `${where}.retry_on_timeout`),
      disabled: toBoolean(task["disabled"], `${where}.disabled`),
    }),
    ...normaliseCompute(task, where),
    ...normaliseUpstream(task["depends_on"], where),
    task_key: key,
    run_if: runIf,
    notebook_task: normaliseNotebook(task["notebook_task"], where),
  };
}
