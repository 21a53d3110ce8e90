import { invalidParameter } from "./api-error";
import { readCursor, readLimit, slicePage } from "./paging";
import type { JsonObject, Params } from "./params";
import { repairRun } from "./repair";
import type { ApiRequest, Route } from "./router";
import type { RunFilter } from "./run-store";
import { viewHistory, viewRun, viewTaskAsRun } from "./run-view";
import type { RunsService } from "./runs-service";
import type { SettingWarnings } from "./setting-warnings";

const MULTI_TASK_OUTPUT =
  "Retrieving the output of runs with multiple tasks is not supported. Please retrieve the output of each individual task run instead.";

function readFilter(params: Params): RunFilter {
  const [active, completed] = [params.boolean("active_only"), params.boolean("completed_only")];
  if (active && completed) throw invalidParameter("active_only and completed_only cannot both be true.");
  return {
    jobId: params.integer("job_id"),
    done: active ? false : completed ? true : undefined,
    runType: params.string("run_type"),
    startTimeFrom: params.integer("start_time_from"),
    startTimeTo: params.integer("start_time_to"),
  };
}

/** Routes of `/api/<version>/jobs/run-now` and `/api/<version>/jobs/runs/…`. */
export function runsRoutes(service: RunsService, warnings: SettingWarnings, base: () => string): Route[] {
  const runId = (request: ApiRequest): number => request.params.requiredInteger("run_id");

  function runNow(request: ApiRequest): unknown {
    const run = service.runNow(request.params);
    return { run_id: run.runId, number_in_job: run.runId, ...warnings.of(run.settings) };
  }

  function submit(request: ApiRequest): unknown {
    const run = service.submit(request.params);
    return { run_id: run.runId, ...warnings.of(run.settings) };
  }

  function get(request: ApiRequest): unknown {
    const { run, tasks, task } = service.locate(runId(request));
    if (task) return viewTaskAsRun(run, task, base());
    const whole = viewRun(run, tasks, base());
    const { items, tokens } = slicePage(whole["tasks"] as unknown[], request.params);
    const history = request.params.boolean("include_history") ? { repair_history: viewHistory(run, tasks) } : {};
    return { ...whole, tasks: items, ...history, ...warnings.of(run.settings, tasks), ...tokens };
  }

  function list(request: ApiRequest): unknown {
    const page = service.store.list(
      readFilter(request.params),
      readCursor(request.params),
      readLimit(request.params, 20, 25),
    );
    const expand = request.params.boolean("expand_tasks");
    const runs = page.items.map((run): JsonObject => {
      const { tasks, ...rest } = viewRun(run, service.store.tasks(run.runId), base());
      return expand ? { ...rest, tasks: (tasks as unknown[]).slice(0, 100) } : rest;
    });
    return { ...(runs.length > 0 ? { runs } : {}), ...page.tokens };
  }

  function getOutput(request: ApiRequest): unknown {
    const { run, task } = service.locate(runId(request));
    if (!task) throw invalidParameter(MULTI_TASK_OUTPUT);
    const output = task.result === undefined ? {} : { result: task.result, truncated: task.truncated ?? false };
    const message =
      task.outcome?.type === "SUCCESS"
        ? undefined
        : (task.error ?? (task.outcome?.code === "DRIVER_ERROR" ? task.outcome.message : undefined));
    return {
      metadata: viewTaskAsRun(run, task, base()),
      notebook_output: output,
      ...(message === undefined ? {} : { error: message }),
      ...(task.errorTrace === undefined ? {} : { error_trace: task.errorTrace }),
    };
  }

  function cancelAll({ params }: ApiRequest): unknown {
    const [jobId, queuedOnly] = [params.integer("job_id"), params.boolean("all_queued_runs")];
    if (jobId === undefined && !queuedOnly) throw invalidParameter("Missing required field: job_id");
    service.cancelAll(jobId, queuedOnly);
    return {};
  }

  const done =
    (act: (id: number) => void) =>
    (request: ApiRequest): unknown => {
      act(runId(request));
      return {};
    };
  const at = (method: string, name: string, handler: Route["handler"]): Route => ({
    method,
    pattern: `/api/:version/jobs/${name}`,
    handler,
  });
  return [
    at("POST", "run-now", runNow),
    at("POST", "runs/submit", submit),
    at("GET", "runs/get", get),
    at("GET", "runs/list", list),
    at("GET", "runs/get-output", getOutput),
    at(
      "POST",
      "runs/cancel",
      done((id) => service.cancel(id)),
    ),
    at("POST", "runs/cancel-all", cancelAll),
    at(
      "POST",
      "runs/delete",
      done((id) => service.delete(id)),
    ),
    at("POST", "runs/repair", ({ params }) => ({ repair_id: repairRun(service, params) })),
  ];
}
