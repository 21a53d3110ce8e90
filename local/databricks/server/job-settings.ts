import { invalidParameter } from "./api-error";
import { checkTriggers } from "./job-triggers";
import { duplicate, isObject, objectList, stringMap, toBoolean, toInteger, toNatural, type JsonObject } from "./params";
import type { JobSettings, TaskSettings } from "./records";
import { normaliseCluster, normaliseTask } from "./task-settings";

const MAX_DESCRIPTION_LENGTH = 27_700;
const MAX_TAGS = 25;
/** For each event. */
const MAX_DESTINATIONS = 3;

function checkGraph(tasks: readonly TaskSettings[]): void {
  const keys = new Set(tasks.map((task) => task.task_key));
  const twice = duplicate(tasks.map((task) => task.task_key));
  if (twice !== undefined) throw invalidParameter(`Duplicate task_key ${twice} in tasks.`);
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
  const parameters = objectList(value, "parameters").map((item) => {
    const name = item["name"];
    if (typeof name !== "string" || !/^[\w.-]+$/.test(name))
      throw invalidParameter("A job parameter's name must match [A-Za-z0-9_.-].");
    return { name, default: stringMap({ [name]: item["default"] }, "parameters")[name] ?? "" };
  });
  const twice = duplicate(parameters.map((item) => item.name));
  if (twice !== undefined) throw invalidParameter(`Duplicate job parameter ${twice}.`);
  return parameters.length > 0 ? { parameters } : {};
}

function normaliseJobClusters(value: unknown): Pick<JobSettings, "job_clusters"> {
  const clusters = objectList(value, "job_clusters").map((item, index) => {
    const key = item["job_cluster_key"];
    if (typeof key !== "string" || key === "")
      throw invalidParameter(`Missing required field: job_clusters[${index}].job_cluster_key`);
    return { ...item, job_cluster_key: key, new_cluster: normaliseCluster(item["new_cluster"], `Job cluster ${key}`) };
  });
  const twice = duplicate(clusters.map((item) => item.job_cluster_key));
  if (twice !== undefined) throw invalidParameter(`Duplicate job_cluster_key ${twice} in job_clusters.`);
  return clusters.length > 0 ? { job_clusters: clusters } : {};
}

function checkClusterKeys(
  { job_clusters: clusters = [] }: Pick<JobSettings, "job_clusters">,
  tasks: readonly TaskSettings[],
): void {
  const known = new Set(clusters.map((cluster) => cluster.job_cluster_key));
  for (const { task_key: task, job_cluster_key: key } of tasks) {
    if (key !== undefined && !known.has(key))
      throw invalidParameter(`Task ${task}: job_cluster_key ${key} is not defined in job_clusters.`);
  }
}

function checkWebhooks(value: unknown): void {
  if (value === undefined || value === null) return;
  if (!isObject(value)) throw invalidParameter("webhook_notifications must be an object.");
  for (const [event, wanted] of Object.entries(value)) {
    const destinations = objectList(wanted, `webhook_notifications.${event}`);
    if (destinations.some(({ id }) => typeof id !== "string"))
      throw invalidParameter(`Missing required field: webhook_notifications.${event}.id`);
    if (destinations.length > MAX_DESTINATIONS)
      throw invalidParameter(`webhook_notifications.${event} has at most ${MAX_DESTINATIONS} destinations.`);
  }
}

function checkTexts(settings: JsonObject): void {
  const description = settings["description"] ?? "";
  if (typeof description !== "string" || description.length > MAX_DESCRIPTION_LENGTH)
    throw invalidParameter(`description must be a string of at most ${MAX_DESCRIPTION_LENGTH} characters.`);
  const tags = stringMap(settings["tags"], "tags");
  if (Object.keys(tags).length > MAX_TAGS) throw invalidParameter(`A job has at most ${MAX_TAGS} tags.`);
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
  checkTexts(settings);
  checkWebhooks(settings["webhook_notifications"]);
  checkTriggers(settings);
  const tasks = objectList(settings["tasks"], "tasks").map((task, index) => normaliseTask(task, `tasks[${index}]`));
  if (tasks.length === 0) throw invalidParameter("A job needs at least one task.");
  if (tasks.length > 1000) throw invalidParameter("A job has at most 1000 tasks.");
  checkGraph(tasks);
  const clusters = normaliseJobClusters(settings["job_clusters"]);
  checkClusterKeys(clusters, tasks);
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
    timeout_seconds: toNatural(settings["timeout_seconds"], "timeout_seconds") ?? 0,
    queue: { enabled },
    ...normaliseParameters(settings["parameters"]),
    ...clusters,
    tasks,
  };
}
