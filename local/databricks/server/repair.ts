import { ApiError, invalidParameter } from "./api-error";
import { duplicate, without, type Params } from "./params";
import { latestAttempts, type RunRecord, type TaskRunRecord } from "./records";
import { mergeJobParameters, newTaskRun, readRunParameters } from "./run-factory";
import type { RunsService } from "./runs-service";

/** Ends of tasks that `rerun_all_failed_tasks` leaves as they are. */
const NOT_FAILED = new Set(["SUCCESS", "EXCLUDED", "DISABLED"]);

function withDependents(run: RunRecord, keys: readonly string[]): Set<string> {
  const found = new Set(keys);
  for (const key of found) {
    for (const task of run.settings.tasks)
      if (task.depends_on?.some((item) => item.task_key === key)) found.add(task.task_key);
  }
  return found;
}

function chosenTasks(run: RunRecord, latest: readonly TaskRunRecord[], params: Params): Set<string> {
  const named = params.strings("rerun_tasks");
  const allFailed = params.boolean("rerun_all_failed_tasks");
  const twice = duplicate(named);
  if (twice !== undefined) throw invalidParameter(`rerun_tasks contains duplicate task key ${twice}.`);
  if (named.length > 0 === allFailed) throw invalidParameter("Give either rerun_tasks or rerun_all_failed_tasks.");
  const unknown = named.find((key) => !latest.some((task) => task.taskKey === key));
  if (unknown !== undefined) throw invalidParameter(`rerun_tasks names unknown task ${unknown}.`);
  const failed = latest.filter((task) => !NOT_FAILED.has(task.outcome?.result ?? "")).map((task) => task.taskKey);
  const keys = allFailed ? failed : named;
  if (keys.length === 0) throw new ApiError(400, "INVALID_STATE", `Run ${run.runId} has no failed task to repair.`);
  return params.boolean("rerun_dependent_tasks") ? withDependents(run, keys) : new Set(keys);
}

/** Keeps how the newest execution ended, before the next one begins. */
function keepEnding(run: RunRecord): Pick<RunRecord, "original" | "repairs"> {
  const { endTime, outcome, stopReason } = run;
  const ending = { endTime, ...(outcome ? { outcome } : {}), ...(stopReason ? { stopReason } : {}) };
  const last = run.repairs.at(-1);
  if (!last) return { original: ending, repairs: [] };
  return {
    ...(run.original ? { original: run.original } : {}),
    repairs: [...run.repairs.slice(0, -1), { ...last, ending }],
  };
}

/** Runs tasks of an ended run again, within that run. Returns the repair's id. */
export function repairRun(service: RunsService, params: Params): number {
  const { store, engine } = service;
  const run = store.get(params.requiredInteger("run_id"));
  if (run.phase !== "done")
    throw new ApiError(400, "INVALID_STATE", `Run ${run.runId} is active and cannot be repaired.`);
  const last = run.repairs.at(-1);
  if (last && params.integer("latest_repair_id") !== last.id)
    throw invalidParameter(`latest_repair_id must be ${last.id}.`);
  const latest = latestAttempts(run, store.tasks(run.runId));
  const chosen = chosenTasks(run, latest, params);
  const given = readRunParameters(params);
  const tasks = latest
    .filter((task) => chosen.has(task.taskKey))
    .map((task) => newTaskRun(store.newId(), run.runId, task.taskKey, task));
  const repair = { id: store.newId(), startTime: Date.now(), taskRunIds: tasks.map((task) => task.runId) };
  const kept = keepEnding(run);
  const reopened: RunRecord = {
    ...without(run, "outcome", "stopReason"),
    ...kept,
    phase: "queued",
    endTime: 0,
    repairs: [...kept.repairs, repair],
    jobParameters: mergeJobParameters(run.settings, given.jobParameters),
    notebookParams: given.notebookParams,
  };
  store.insert(() => ({ run: reopened, tasks }));
  engine.enqueue(reopened);
  return repair.id;
}
