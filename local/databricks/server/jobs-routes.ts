import type { DatabaseSync } from "node:sqlite";
import { ApiError, invalidParameter } from "./api-error";
import type { JobStore } from "./job-store";
import { normaliseSettings } from "./job-settings";
import { readCursor, readLimit, slicePage } from "./paging";
import { isObject, type JsonObject } from "./params";
import type { JobRecord } from "./records";
import type { ApiRequest, Route } from "./router";
import { USER_NAME } from "./run-view";

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
export function jobsRoutes(jobs: JobStore): Route[] {
  const queues = (request: ApiRequest): boolean => request.parts["version"] === "2.2";

  const create = (request: ApiRequest): unknown => ({
    job_id: jobs.create(normaliseSettings(request.params.values, queues(request))).jobId,
  });

  function get(request: ApiRequest): unknown {
    const job = jobs.get(request.params.requiredInteger("job_id"));
    const { items, tokens } = slicePage(job.settings.tasks, request.params);
    return {
      ...view(job, { ...job.settings, tasks: items }),
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
    jobs.replace(
      job.jobId,
      normaliseSettings({ ...given, ...(runAs === undefined ? {} : { run_as: runAs }) }, queues(request)),
    );
    return {};
  }

  function update(request: ApiRequest): unknown {
    const job = jobs.get(request.params.requiredInteger("job_id"));
    const merged = mergeSettings(job.settings, request.params.object("new_settings") ?? {});
    jobs.replace(
      job.jobId,
      normaliseSettings(withoutFields(merged, request.params.strings("fields_to_remove")), queues(request)),
    );
    return {};
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

/** Routes of `/api/2.0/permissions/…`: kept as given, enforced for nobody. */
export function permissionRoutes(database: DatabaseSync): Route[] {
  const read = (object: string): JsonObject[] => {
    const row = database.prepare("SELECT entries FROM permissions WHERE object = ?").get(object);
    return row === undefined ? [] : (JSON.parse(String(row["entries"])) as JsonObject[]);
  };
  const answer = (type: string, id: string): unknown => ({
    object_id: `/${type}/${id}`,
    object_type: type.replace(/ies$/, "y").replace(/s$/, ""),
    access_control_list: read(`${type}/${id}`).map(({ permission_level: level, ...who }) => ({
      ...who,
      all_permissions: [{ permission_level: level }],
    })),
  });
  const write = (keep: boolean) => (request: ApiRequest) => {
    const { type = "", id = "" } = request.parts;
    const given = request.params.values["access_control_list"] ?? [];
    if (!Array.isArray(given) || !given.every(isObject))
      throw new ApiError(400, "INVALID_PARAMETER_VALUE", "access_control_list must be a list.");
    const entries = [...(keep ? read(`${type}/${id}`) : []), ...given];
    database
      .prepare("INSERT OR REPLACE INTO permissions(object, entries) VALUES (?, ?)")
      .run(`${type}/${id}`, JSON.stringify(entries));
    return answer(type, id);
  };
  const pattern = "/api/2.0/permissions/:type/:id";
  const levels = ["CAN_VIEW", "CAN_MANAGE_RUN", "IS_OWNER", "CAN_MANAGE"].map((level) => ({
    permission_level: level,
    description: level,
  }));
  return [
    { method: "GET", pattern, handler: ({ parts }) => answer(parts["type"] ?? "", parts["id"] ?? "") },
    { method: "PUT", pattern, handler: write(false) },
    { method: "PATCH", pattern, handler: write(true) },
    { method: "GET", pattern: `${pattern}/permissionLevels`, handler: () => ({ permission_levels: levels }) },
  ];
}
