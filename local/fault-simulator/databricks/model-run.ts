/** How a run is going to go when nobody interferes. */
export interface RunFate {
  readonly queuedMs: number;
  readonly runningMs: number;
  readonly ending: Ending;
  /** From here on, for so long, Databricks names a state that nobody knows; the run is active all the while. */
  readonly oddWord: string | null;
  /** The exit value is refused (`INVALID_STATE`) for so long after the end. */
  readonly outputLagMs: number;
  /** `runs/get` does not know the new run for so long. */
  readonly getLagMs: number;
  /** `runs/list` does not show the new run for so long. */
  readonly listLagMs: number;
  /** Its run-now was on the way for longer than anybody assumes: the run begins when all is over for the app. */
  readonly stray?: boolean;
}

/** Longer than any schedule: such a run goes on until somebody ends it. */
export const FOREVER_MS = 1e9;

/** The ways in which a run ends by itself. */
export type Ending =
  | "success"
  | "code"
  | "platform"
  | "quota"
  | "skipped"
  | "successWithFailures"
  | "unknownCode"
  /** Successful, with an exit value that proves nothing. */
  | "noExit"
  | "exitNotJson"
  | "exitOfAnotherRun"
  | "countsDisagree"
  | "exitTruncated";

export type Phase = "QUEUED" | "RUNNING" | "TERMINATING" | "ended";

/** Databricks' words for an ended run. */
export interface Outcome {
  readonly lifeCycle: string;
  readonly result?: string;
  readonly code: string;
  readonly type: string;
  readonly message: string;
}

/** A run as the workspace knows it. */
export interface ModelRun {
  readonly runId: number;
  readonly taskRunId: number;
  readonly jobId: number;
  readonly jobName: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly token: string | null;
  fate: RunFate;
  readonly createdAt: number;
  startedAt: number;
  endedAt: number;
  phase: Phase;
  outcome: Outcome | null;
  exit: string | null;
  truncated: boolean;
  /** Ended well, with an exit value as the notebook gave it. */
  sound: boolean;
  deleted: boolean;
  /** A person repaired it in the workspace, so that it is active although it was terminal. */
  repaired: boolean;
  /** It was sound before that, and whoever read it then may say so. */
  wasSound: boolean;
  /** Started by somebody else, with parameters that look like ours. */
  readonly foreign: boolean;
}

/** Databricks says that it ended well, and now or before a repair its exit value was as the notebook gave it. */
export const isSound = ({ outcome, sound, wasSound }: ModelRun): boolean =>
  wasSound || (outcome?.code === "SUCCESS" && sound);

export const isActive = (run: ModelRun): boolean => run.phase !== "ended" && !run.deleted;

export const OUTCOMES = {
  success: { lifeCycle: "TERMINATED", result: "SUCCESS", code: "SUCCESS", type: "SUCCESS", message: "" },
  code: {
    lifeCycle: "TERMINATED",
    result: "FAILED",
    code: "RUN_EXECUTION_ERROR",
    type: "CLIENT_ERROR",
    message: "Workload failed, see run output for details",
  },
  platform: {
    lifeCycle: "INTERNAL_ERROR",
    result: "FAILED",
    code: "DRIVER_ERROR",
    type: "INTERNAL_ERROR",
    message: "The driver JVM died.",
  },
  quota: {
    lifeCycle: "SKIPPED",
    code: "MAX_CONCURRENT_RUNS_EXCEEDED",
    type: "CLIENT_ERROR",
    message: "Skipping this run because the limit of maximum concurrent runs has been reached.",
  },
  skipped: {
    lifeCycle: "TERMINATED",
    result: "EXCLUDED",
    code: "SKIPPED",
    type: "CLIENT_ERROR",
    message: "Task was excluded.",
  },
  successWithFailures: {
    lifeCycle: "TERMINATED",
    result: "SUCCESS_WITH_FAILURES",
    code: "SUCCESS_WITH_FAILURES",
    type: "SUCCESS",
    message: "",
  },
  unknownCode: {
    lifeCycle: "TERMINATED",
    result: "EVAPORATED",
    code: "EVAPORATED",
    type: "NEW_TYPE",
    message: "ended in a way of next year",
  },
  cancelled: {
    lifeCycle: "TERMINATED",
    result: "CANCELED",
    code: "USER_CANCELED",
    type: "CLIENT_ERROR",
    message: "Run cancelled.",
  },
} as const satisfies Record<string, Outcome>;

interface States {
  readonly state: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>>;
}

function states({ phase, outcome, fate, startedAt }: ModelRun, now: number): States {
  if (phase === "ended" && outcome)
    return {
      state: { life_cycle_state: outcome.lifeCycle, result_state: outcome.result, state_message: outcome.message },
      status: {
        state: "TERMINATED",
        termination_details: { code: outcome.code, type: outcome.type, message: outcome.message },
      },
    };
  const odd = fate.oddWord !== null && startedAt > 0 && now > startedAt ? fate.oddWord : null;
  const word = odd ?? phase;
  return { state: { life_cycle_state: word, state_message: "" }, status: { state: word } };
}

/** A run as `runs/get` answers. */
export function view(run: ModelRun, now: number): Record<string, unknown> {
  const { runId, taskRunId, jobId, jobName, parameters, startedAt, createdAt, endedAt } = run;
  const both = states(run, now);
  const times = { start_time: startedAt || createdAt, end_time: run.phase === "ended" ? endedAt : 0 };
  const task = { run_id: taskRunId, task_key: "main", attempt_number: 0, ...times, ...both };
  return {
    run_id: runId,
    job_id: jobId,
    run_name: jobName,
    run_page_url: `https://workspace.test/jobs/${jobId}/runs/${runId}`,
    job_parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })),
    ...times,
    ...both,
    tasks: [task],
  };
}

/** A run as `runs/list` answers: without tasks, and where the service is in that mood without parameters. */
export function listed(run: ModelRun, now: number, withParameters: boolean): Record<string, unknown> {
  const hidden = new Set(withParameters ? ["tasks"] : ["tasks", "job_parameters"]);
  return Object.fromEntries(Object.entries(view(run, now)).filter(([field]) => !hidden.has(field)));
}
