import { invalidParameter } from "./api-error";
import type { JobStore } from "./job-store";
import { normaliseSettings } from "./job-settings";
import { readCursor, readLimit, slicePage } from "./paging";
import { without, type JsonObject } from "./params";
import type { Permissions } from "./permissions";
import type { JobRecord } from "./records";
import type { ApiRequest, Route } from "./router";
import { USER_NAME } from "./run-view";
import type { SettingWarnings } from "./setting-warnings";

/** Arrays of settings that `update` merges by key instead of replacing. */
const KEYED: Readonly<Record<string, string>> = {
  tasks: "task_key",
  job_clusters: "job_cluster_key",
  parameters: "name",
};

function mergeKeyed(old: unknown, given: unknown, key: string): unknown[] {
  const before = (Array.isArray(old) ? old : []) as JsonObject[];
  const after = (Array.isArray(given) ? given : []) as JsonObject[];
  const kept = before.map((item) => after.find((other) => other[key] === item[key]) ?? item);
  return [...kept, ...after.filter((item) => !before.some((other) => other[key] === item[key]))];
}

function mergeSettings(old: JsonObject, given: JsonObject): JsonObject {
  const entries = Object.entries(given).map(([name, value]): [string, unknown] => {
    const key = KEYED[name];
    return [name, key === undefined ? value : mergeKeyed(old[name], value, key)];
  });
  return { ...old, ...Object.fromEntries(entries) };
}

function withoutFields(settings: JsonObject, fields: readonly string[]): JsonObject {
  const copy: JsonObject = { ...settings };
  for (const field of fields) {
    const [name = "", key] = field.split("/");
    const list = copy[name];
    if (key === undefined) delete copy[name];
    else if (Array.isArray(list)) copy[name] = (list as JsonObject[]).filter((item) => item[KEYED[name] ?? ""] !== key);
  }
  return copy;
}

function view(job: JobRecord, settings: JsonObject): JsonObject {
  return {
    job_id: job.jobId,
    created_time: job.createdTime,
    creator_user_name: USER_NAME,
    run_as_user_name: USER_NAME,
    settings,
  };
}

function newSettings(request: ApiRequest): JsonObject {
  const settings = request.params.object("new_settings");
  if (!settings) throw invalidParameter("Missing required field: new_settings");
  return settings;
}

/** Routes of `/api/<version>/jobs/…` but for runs. */
export function jobsRoutes(jobs: JobStore, permissions: Permissions, warnings: SettingWarnings): Route[] {
  const queues = (request: ApiRequest): boolean => request.parts["version"] === "2.2";

  function create(request: ApiRequest): unknown {
    const settings = normaliseSettings(without(request.params.values, "access_control_list"), queues(request));
    const job = jobs.create(settings);
    const access = request.params.values["access_control_list"];
    if (access !== undefined) permissions.write(`jobs/${job.jobId}`, access, false);
    return { job_id: job.jobId, ...warnings.tell(job) };
  }

  function replace(jobId: number, settings: JsonObject, request: ApiRequest): unknown {
    jobs.replace(jobId, normaliseSettings(settings, queues(request)));
    return warnings.tell(jobs.get(jobId));
  }

  function get(request: ApiRequest): unknown {
    const job = jobs.get(request.params.requiredInteger("job_id"));
    const { items, tokens } = slicePage(job.settings.tasks, request.params);
    return {
      ...view(job, { ...job.settings, tasks: items }),
      ...warnings.of(job.settings),
      ...tokens,
      has_more: tokens.next_page_token !== undefined,
    };
  }

  function list(request: ApiRequest): unknown {
    const { params } = request;
    const page = jobs.list(readCursor(params), readLimit(params, 20, 100), params.string("name"));
    const expand = params.boolean("expand_tasks");
    const found = page.items.map((job) => {
      const { tasks, ...settings } = job.settings;
      return view(job, expand ? { ...settings, tasks: tasks.slice(0, 100) } : settings);
    });
    return { ...(found.length > 0 ? { jobs: found } : {}), ...page.tokens };
  }

  function reset(request: ApiRequest): unknown {
    const job = jobs.get(request.params.requiredInteger("job_id"));
    const given = newSettings(request);
    const runAs = given["run_as"] ?? job.settings["run_as"];
    return replace(job.jobId, { ...given, ...(runAs === undefined ? {} : { run_as: runAs }) }, request);
  }

  function update(request: ApiRequest): unknown {
    const job = jobs.get(request.params.requiredInteger("job_id"));
    const merged = mergeSettings(job.settings, request.params.object("new_settings") ?? {});
    return replace(job.jobId, withoutFields(merged, request.params.strings("fields_to_remove")), request);
  }

  function remove(request: ApiRequest): unknown {
    jobs.delete(request.params.requiredInteger("job_id"));
    return {};
  }

  const at = (method: string, name: string, handler: Route["handler"]): Route => ({
    method,
    pattern: `/api/:version/jobs/${name}`,
    handler,
  });
  return [
    at("POST", "create", create),
    at("GET", "get", get),
    at("GET", "list", list),
    at("POST", "reset", reset),
    at("POST", "update", update),
    at("POST", "delete", remove),
  ];
}
