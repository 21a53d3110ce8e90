import type { JsonObject } from "./params";
import type { Ending, Outcome, RunRecord, StopReason, TaskRunRecord, TaskSettings } from "./records";

/** Who the local workspace says creates and runs jobs. */
export const USER_NAME = "local@example.com";

interface States {
  readonly state: JsonObject;
  readonly status: JsonObject;
}

function ended(outcome: Outcome, stopReason?: StopReason): States {
  return {
    state: {
      life_cycle_state: outcome.lifeCycle,
      ...(outcome.result === undefined ? {} : { result_state: outcome.result }),
      state_message: outcome.message,
      user_cancelled_or_timedout: stopReason !== undefined,
    },
    status: {
      state: "TERMINATED",
      termination_details: { code: outcome.code, type: outcome.type, message: outcome.message },
    },
  };
}

function open(lifeCycle: string, message: string, status: string = lifeCycle): States {
  return {
    state: { life_cycle_state: lifeCycle, state_message: message, user_cancelled_or_timedout: false },
    status: { state: status },
  };
}

/** Both forms of a job run's state; SDK waiters read only `state`. */
export function runStates(run: RunRecord, tasks: readonly TaskRunRecord[]): States {
  if (run.outcome) return ended(run.outcome, run.stopReason);
  if (run.phase === "queued") {
    const message = "Queued due to reaching the maximum concurrent runs of the job.";
    const queued = open("QUEUED", message);
    return {
      state: { ...queued.state, queue_reason: message },
      status: { ...queued.status, queue_details: { code: "MAX_CONCURRENT_RUNS_REACHED", message } },
    };
  }
  if (run.phase === "terminating") return open("TERMINATING", "Terminating");
  return tasks.some((task) => task.phase === "running" || task.phase === "done")
    ? open("RUNNING", "In run")
    : open("PENDING", "Waiting for cluster");
}

/** Both forms of a task run's state. */
export function taskStates(task: TaskRunRecord): States {
  if (task.outcome) return ended(task.outcome, task.stopReason);
  switch (task.phase) {
    case "blocked":
      return open("BLOCKED", "");
    case "waiting":
      return open("WAITING_FOR_RETRY", "Waiting for retry", "WAITING");
    case "running":
      return open("RUNNING", "In run");
    case "terminating":
      return open("TERMINATING", "Terminating");
    default:
      return open("PENDING", "Waiting for cluster");
  }
}

function settingsOf(run: RunRecord, taskKey: string): TaskSettings | undefined {
  return run.settings.tasks.find((task) => task.task_key === taskKey);
}

const pageUrl = (base: string, run: RunRecord, runId: number): string => `${base}/jobs/${run.jobId}/runs/${runId}`;

/** A task run as it stands in `tasks[]` of its job run. */
export function viewTask(run: RunRecord, task: TaskRunRecord, base: string): JsonObject {
  const settings = settingsOf(run, task.taskKey);
  return {
    run_id: task.runId,
    task_key: task.taskKey,
    ...(settings?.depends_on ? { depends_on: settings.depends_on } : {}),
    run_if: settings?.run_if ?? "ALL_SUCCESS",
    notebook_task: settings?.notebook_task,
    ...(settings?.disabled ? { disabled: true } : {}),
    ...(settings?.libraries ? { libraries: settings.libraries } : {}),
    ...(settings?.job_cluster_key ? { job_cluster_key: settings.job_cluster_key } : {}),
    ...(settings?.new_cluster ? { new_cluster: settings.new_cluster } : {}),
    attempt_number: task.attempt,
    original_attempt_run_id: task.originalRunId,
    start_time: task.startTime,
    end_time: task.endTime,
    setup_duration: task.setupMs,
    execution_duration: task.executionMs,
    cleanup_duration: 0,
    cluster_instance: { cluster_id: "local", spark_context_id: "local" },
    run_page_url: pageUrl(base, run, task.runId),
    ...(task.parameters ? { resolved_values: { notebook_task: { base_parameters: task.parameters } } } : {}),
    ...taskStates(task),
  };
}

function common(run: RunRecord, tasks: readonly TaskRunRecord[]): JsonObject {
  return {
    job_id: run.jobId,
    run_name: run.runName,
    run_type: run.runType,
    trigger: run.trigger ?? "ONE_TIME",
    ...(run.trigger === "PERIODIC" && run.settings["schedule"] ? { schedule: run.settings["schedule"] } : {}),
    format: "MULTI_TASK",
    creator_user_name: USER_NAME,
    job_parameters: run.jobParameters,
    ...(Object.keys(run.notebookParams).length > 0
      ? { overriding_parameters: { notebook_params: run.notebookParams } }
      : {}),
    has_more: false,
    ...runStates(run, tasks),
  };
}

/** A job run as `runs/get` answers, without the paging of its tasks. Durations of phases are 0, as the cloud's are for multi-task runs. */
export function viewRun(run: RunRecord, tasks: readonly TaskRunRecord[], base: string): JsonObject {
  const start = run.startTime || run.createdTime;
  return {
    ...common(run, tasks),
    run_id: run.runId,
    number_in_job: run.runId,
    original_attempt_run_id: run.runId,
    start_time: start,
    end_time: run.endTime,
    setup_duration: 0,
    execution_duration: 0,
    cleanup_duration: 0,
    run_duration: run.endTime > 0 ? run.endTime - start : 0,
    queue_duration: run.startTime > 0 ? run.startTime - run.createdTime : 0,
    run_page_url: pageUrl(base, run, run.runId),
    tasks: tasks.map((task) => viewTask(run, task, base)),
  };
}

/** A task run asked for by its own id: Airflow does, and `get-output` shows it as `metadata`. */
export function viewTaskAsRun(run: RunRecord, task: TaskRunRecord, base: string): JsonObject {
  const self = viewTask(run, task, base);
  return {
    ...common(run, [task]),
    ...self,
    number_in_job: task.runId,
    job_run_id: run.runId,
    parent_run_id: run.runId,
    task: { notebook_task: self["notebook_task"] },
    tasks: [self],
  };
}

/** `repair_history` as asked for with `include_history`: every execution with its own times and state. */
export function viewHistory(run: RunRecord, tasks: readonly TaskRunRecord[]): JsonObject[] {
  const repaired = new Set(run.repairs.flatMap((repair) => repair.taskRunIds));
  const view = (startTime: number, taskRunIds: readonly number[], ending: Ending | undefined): JsonObject => ({
    start_time: startTime,
    end_time: ending?.endTime ?? run.endTime,
    task_run_ids: taskRunIds,
    ...(ending?.outcome ? ended(ending.outcome, ending.stopReason) : runStates(run, tasks)),
  });
  const first = tasks.filter((task) => !repaired.has(task.runId)).map((task) => task.runId);
  return [
    { type: "ORIGINAL", ...view(run.startTime || run.createdTime, first, run.original) },
    ...run.repairs.map((repair) => ({
      type: "REPAIR",
      id: repair.id,
      ...view(repair.startTime, repair.taskRunIds, repair.ending),
    })),
  ];
}
