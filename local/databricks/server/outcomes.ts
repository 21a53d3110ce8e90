import type { Outcome, RunRecord, StopReason, TaskRunRecord } from "./records";

/** The notebook ended by itself or by `dbutils.notebook.exit`. */
export const SUCCESS: Outcome = {
  lifeCycle: "TERMINATED",
  result: "SUCCESS",
  code: "SUCCESS",
  type: "SUCCESS",
  message: "",
};

/** The notebook raised. */
export const WORKLOAD_FAILED: Outcome = {
  lifeCycle: "TERMINATED",
  result: "FAILED",
  code: "RUN_EXECUTION_ERROR",
  type: "CLIENT_ERROR",
  message: "Workload failed, see run output for details",
};

/** A run over `max_concurrent_runs` whose job does not queue. */
export const TOO_MANY_RUNS: Outcome = {
  lifeCycle: "SKIPPED",
  code: "MAX_CONCURRENT_RUNS_EXCEEDED",
  type: "CLIENT_ERROR",
  message: "Skipping this run because the limit of maximum concurrent runs has been reached.",
};

/** A task whose upstream tasks failed. Its life cycle is not established in public; a result state rules SKIPPED out. */
export const UPSTREAM_FAILED: Outcome = {
  lifeCycle: "TERMINATED",
  result: "UPSTREAM_FAILED",
  code: "SKIPPED",
  type: "CLIENT_ERROR",
  message: "Task was skipped because an upstream task failed.",
};

/** A task that its `run_if`, or the run's `only`, leaves out. */
export const EXCLUDED: Outcome = {
  lifeCycle: "TERMINATED",
  result: "EXCLUDED",
  code: "SKIPPED",
  type: "CLIENT_ERROR",
  message: "Task was excluded.",
};

/** A task that its settings disable, or whose `run_if` a disabled task keeps from being met. */
export const DISABLED: Outcome = {
  lifeCycle: "TERMINATED",
  result: "DISABLED",
  code: "DISABLED",
  type: "CLIENT_ERROR",
  message: "Task is disabled.",
};

/** Ended by a user, or by a `timeout_seconds`. */
export function stopped(reason: StopReason, what: "Run" | "Task"): Outcome {
  return reason === "user"
    ? {
        lifeCycle: "TERMINATED",
        result: "CANCELED",
        code: "USER_CANCELED",
        type: "CLIENT_ERROR",
        message: `${what} cancelled.`,
      }
    : {
        lifeCycle: "TERMINATED",
        result: "TIMEDOUT",
        code: "CANCELED",
        type: "CLIENT_ERROR",
        message: `${what} timed out.`,
      };
}

function platformFault(code: string, type: Outcome["type"], message: string): Outcome {
  return { lifeCycle: "INTERNAL_ERROR", result: "FAILED", code, type, message };
}

/** The driver JVM, the notebook process or the server died under the task. */
export function driverError(message: string): Outcome {
  return platformFault("DRIVER_ERROR", "INTERNAL_ERROR", message);
}

/** The storage did not answer, or refused, for longer than the retry limit. */
export function storageError(message: string): Outcome {
  return platformFault("STORAGE_ACCESS_ERROR", "CLOUD_FAILURE", message);
}

/** The task asks for a cluster that cannot be made. */
export function invalidCluster(message: string): Outcome {
  return platformFault("INVALID_CLUSTER_REQUEST", "CLIENT_ERROR", message);
}

/** The notebook of a task is not there. */
export function notebookMissing(path: string): Outcome {
  const why = "Either it does not exist, or the identity used to run this job lacks the required permissions.";
  return platformFault("RESOURCE_NOT_FOUND", "CLIENT_ERROR", `Unable to access the notebook "${path}". ${why}`);
}

const FAILURES = new Set(["FAILED", "TIMEDOUT", "UPSTREAM_FAILED"]);

/** Whether a task's end counts as a failure for what comes after it. */
export function isFailure(outcome: Outcome): boolean {
  return FAILURES.has(outcome.result ?? "");
}

/** Judges a job run by the newest attempts of its tasks: the leaves decide, as Databricks documents. */
export function judgeRun(run: RunRecord, tasks: readonly TaskRunRecord[]): Outcome {
  const ended = tasks.flatMap((task) => (task.outcome ? [{ task, outcome: task.outcome }] : []));
  if (run.stopReason && ended.some(({ outcome }) => outcome.result === "CANCELED" || outcome.result === "TIMEDOUT")) {
    return stopped(run.stopReason, "Run");
  }
  const cancelled = ended.find(
    ({ outcome }) => outcome.result === "CANCELED" || outcome.result === "UPSTREAM_CANCELED",
  );
  if (cancelled) return stopped("user", "Run");
  const first = ended.find(({ outcome }) => isFailure(outcome) && outcome.result !== "UPSTREAM_FAILED");
  if (!first) return SUCCESS;
  const hasDownstream = new Set(
    run.settings.tasks.flatMap((settings) => settings.depends_on?.map((item) => item.task_key) ?? []),
  );
  const leafFailed = ended.some(({ task, outcome }) => !hasDownstream.has(task.taskKey) && isFailure(outcome));
  if (!leafFailed) return { ...SUCCESS, result: "SUCCESS_WITH_FAILURES", code: "SUCCESS_WITH_FAILURES" };
  const skipped = ended.some(({ outcome }) => outcome.result === "UPSTREAM_FAILED");
  const said = first.outcome.message.replace(/\.$/, "");
  const message = `Task ${first.task.taskKey} failed with message: ${said}.${skipped ? " This caused all downstream tasks to get skipped." : ""}`;
  if (first.outcome.result === "TIMEDOUT") return { ...first.outcome, message };
  return { ...first.outcome, lifeCycle: "INTERNAL_ERROR", result: "FAILED", message };
}
