import { lastAttempts, type JobRun, type RunState, type TaskRun } from "./job-run";

/** Why a run failed, as far as the answer to it differs. */
export type FailureCause =
  /** The notebook raised, or a part of the run failed by its own code: stop and alert. */
  | "code"
  /** Driver, cluster, cloud or storage: a new run may help. */
  | "platform"
  /** A limit of the workspace: a new run helps later. */
  | "quota"
  /** Cluster, permission or job settings: a person has to change something. */
  | "configuration"
  | "cancelled"
  | "timedOut"
  /** The run is gone from Databricks: never a reason to start another. */
  | "deleted"
  /** The run, or a task of it, was never executed. */
  | "skipped"
  /** Terminal in a way that we do not know: for a person to look at. */
  | "unknown";

/** A run that is over and did not succeed. */
export interface FailedVerdict {
  readonly kind: "failed";
  readonly cause: FailureCause;
  /** Databricks' word for it, such as `RUN_EXECUTION_ERROR` or `TIMEDOUT`. */
  readonly code: string;
  readonly message: string;
  /** The task that failed, if one did: its output tells the error. */
  readonly taskRunId?: string;
}

/** What Databricks says of a run. `succeeded` is not yet success of a step: the exit JSON has to agree. */
export type RunVerdict =
  /** `known` is false when no state is one we know: wait, but no longer than the step's timeout. */
  | { readonly kind: "running"; readonly state: string; readonly known: boolean }
  /** `taskRunId` is the run whose output holds the exit value. */
  | { readonly kind: "succeeded"; readonly taskRunId: string; readonly taskKey: string }
  | FailedVerdict;

const ACTIVE = new Set(["QUEUED", "PENDING", "RUNNING", "TERMINATING", "BLOCKED", "WAITING_FOR_RETRY", "WAITING"]);
const TERMINAL = new Set(["TERMINATED", "SKIPPED", "INTERNAL_ERROR"]);

/** `status.termination_details.code`; a code that is not here is judged by its type. */
const CAUSE_OF_CODE: Readonly<Record<string, FailureCause>> = {
  USER_CANCELED: "cancelled",
  CANCELED: "cancelled",
  // Somebody stopped the cluster on purpose; a new run would start it again behind their back.
  CLUSTER_TERMINATED_BY_USER: "cancelled",
  SKIPPED: "skipped",
  DISABLED: "skipped",
  RUN_EXECUTION_ERROR: "code",
  SUCCESS_WITH_FAILURES: "code",
  INTERNAL_ERROR: "platform",
  DRIVER_ERROR: "platform",
  CLUSTER_ERROR: "platform",
  CLOUD_FAILURE: "platform",
  STORAGE_ACCESS_ERROR: "platform",
  REPOSITORY_CHECKOUT_FAILED: "platform",
  LIBRARY_INSTALLATION_ERROR: "platform",
  BREAKING_CHANGE: "platform",
  CLUSTER_REQUEST_LIMIT_EXCEEDED: "quota",
  WORKSPACE_RUN_LIMIT_EXCEEDED: "quota",
  MAX_CONCURRENT_RUNS_EXCEEDED: "quota",
  MAX_SPARK_CONTEXTS_EXCEEDED: "quota",
  MAX_JOB_QUEUE_SIZE_EXCEEDED: "quota",
  INVALID_CLUSTER_REQUEST: "configuration",
  INVALID_RUN_CONFIGURATION: "configuration",
  FEATURE_DISABLED: "configuration",
  UNAUTHORIZED_ERROR: "configuration",
  RESOURCE_NOT_FOUND: "configuration",
  BUDGET_POLICY_LIMIT_EXCEEDED: "configuration",
};

const CAUSE_OF_TYPE: Readonly<Record<string, FailureCause>> = {
  INTERNAL_ERROR: "platform",
  CLOUD_FAILURE: "platform",
  CLIENT_ERROR: "code",
};

/** `state.result_state`, for answers without `status`. */
const CAUSE_OF_RESULT: Readonly<Record<string, FailureCause>> = {
  FAILED: "code",
  TIMEDOUT: "timedOut",
  CANCELED: "cancelled",
  MAXIMUM_CONCURRENT_RUNS_REACHED: "quota",
  EXCLUDED: "skipped",
  DISABLED: "skipped",
  UPSTREAM_FAILED: "skipped",
  UPSTREAM_CANCELED: "skipped",
  SUCCESS_WITH_FAILURES: "code",
};

/** Codes of Databricks that have a cause here. */
export const KNOWN_CODES: readonly string[] = [...Object.keys(CAUSE_OF_CODE), ...Object.keys(CAUSE_OF_RESULT)];

/** The cause that a code stands for by itself. */
export const causeOfCode = (code: string): FailureCause => CAUSE_OF_CODE[code] ?? CAUSE_OF_RESULT[code] ?? "unknown";

/** The verdict on a run that Databricks no longer knows. */
export function deletedRunVerdict(runId: string): FailedVerdict {
  return {
    kind: "failed",
    cause: "deleted",
    code: "RUN_DELETED",
    message: `Databricks does not know run ${runId}: it was deleted`,
  };
}

/** Judges a run by its own states and those of its tasks. Never calls an unknown state success. */
export function judgeRun(run: JobRun): RunVerdict {
  const tasks = lastAttempts(run.tasks);
  const active = activeState(run.state, run.endTimeMs);
  if (active) return active;
  if (!claimsSuccess(run.state)) return failure(run.state, tasks);
  const unsuccessful = tasks.find((task) => !claimsSuccess(task.state));
  // A run that is called successful before its task is: the answer lags, the next one will agree.
  const lagging = unsuccessful && activeState(unsuccessful.state, unsuccessful.endTimeMs);
  if (lagging) return lagging;
  if (unsuccessful) return failure(unsuccessful.state, [unsuccessful]);
  const last = finalTask(tasks);
  if (!last)
    return {
      kind: "failed",
      cause: "unknown",
      code: "NO_TASKS",
      message: `run ${run.runId} succeeded without any task`,
    };
  return { kind: "succeeded", taskRunId: last.runId, taskKey: last.taskKey };
}

/**
 * Judges one task of a run whose tasks are steps of their own, and only when the whole run is over: until then something of it is
 * active, which the step's verdict would deny.
 */
export function judgeTask(run: JobRun, taskKey: string): RunVerdict {
  const active = activeState(run.state, run.endTimeMs);
  if (active) return active;
  const task = lastAttempts(run.tasks).find((one) => one.taskKey === taskKey);
  if (!task) {
    if (!claimsSuccess(run.state)) return failure(run.state, []);
    const message = `run ${run.runId} succeeded without a task ${taskKey}`;
    return { kind: "failed", cause: "unknown", code: "NO_TASKS", message };
  }
  if (claimsSuccess(task.state)) return { kind: "succeeded", taskRunId: task.runId, taskKey };
  return activeState(task.state, task.endTimeMs) ?? failure(claimsSuccess(run.state) ? task.state : run.state, [task]);
}

/** Set when the run is not over. Both spellings have to call it terminal; a new word alone never ends a wait, an end time does. */
function activeState(
  state: RunState,
  endTimeMs: number | undefined,
): Extract<RunVerdict, { kind: "running" }> | undefined {
  const words = [state.statusState, state.lifeCycleState].filter((word) => word !== undefined);
  const activeWord = words.find((word) => ACTIVE.has(word));
  if (activeWord) return { kind: "running", state: activeWord, known: true };
  if (words.some((word) => TERMINAL.has(word)) || endTimeMs !== undefined) return undefined;
  return { kind: "running", state: words[0] ?? "none", known: false };
}

function claimsSuccess(state: RunState): boolean {
  if (state.lifeCycleState === undefined && state.statusState === undefined) return false;
  const oldAgrees =
    state.lifeCycleState === undefined || (state.lifeCycleState === "TERMINATED" && state.resultState === "SUCCESS");
  const newAgrees =
    state.statusState === undefined || (state.statusState === "TERMINATED" && state.terminationCode === "SUCCESS");
  return oldAgrees && newAgrees;
}

function failure(state: RunState, tasks: readonly TaskRun[]): FailedVerdict {
  const own = causeOf(state);
  // A run that failed by its tasks says only RUN_EXECUTION_ERROR; the task that failed first tells a driver fault from a code fault.
  const guilty = tasks.find(
    (task) =>
      !activeState(task.state, task.endTimeMs) && !claimsSuccess(task.state) && causeOf(task.state).cause !== "skipped",
  );
  const decided =
    guilty && (own.cause === "code" || own.cause === "platform" || own.cause === "unknown")
      ? causeOf(guilty.state)
      : own;
  const { cause, code } = decided.cause === "unknown" ? own : decided;
  const message =
    (guilty && decided !== own ? guilty.state.message : undefined) || state.message || `ended with ${describe(state)}`;
  return { kind: "failed", cause, code, message, ...(guilty ? { taskRunId: guilty.runId } : {}) };
}

function causeOf(state: RunState): { cause: FailureCause; code: string } {
  const { resultState, terminationCode, terminationType, lifeCycleState } = state;
  // Databricks reports a time-out as code CANCELED; only the result state tells the two apart.
  if (resultState === "TIMEDOUT") return { cause: "timedOut", code: "TIMEDOUT" };
  if (terminationCode !== undefined && terminationCode !== "SUCCESS") {
    return {
      cause: CAUSE_OF_CODE[terminationCode] ?? CAUSE_OF_TYPE[terminationType ?? ""] ?? "unknown",
      code: terminationCode,
    };
  }
  if (resultState !== undefined && resultState !== "SUCCESS")
    return { cause: CAUSE_OF_RESULT[resultState] ?? "unknown", code: resultState };
  if (lifeCycleState === "SKIPPED") return { cause: "skipped", code: "SKIPPED" };
  if (lifeCycleState === "INTERNAL_ERROR") return { cause: "platform", code: "INTERNAL_ERROR" };
  return { cause: "unknown", code: terminationCode ?? resultState ?? lifeCycleState ?? state.statusState ?? "UNKNOWN" };
}

function describe(state: RunState): string {
  return (
    [state.lifeCycleState, state.resultState, state.statusState, state.terminationCode].filter(Boolean).join("/") ||
    "no state"
  );
}

/** The task that no other waits for; its exit value speaks for the job. Of several, the one listed last. */
function finalTask(tasks: readonly TaskRun[]): TaskRun | undefined {
  const awaited = new Set(tasks.flatMap((task) => task.dependsOn));
  return tasks.filter((task) => !awaited.has(task.taskKey)).at(-1) ?? tasks.at(-1);
}
