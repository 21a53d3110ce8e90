/** The error classes of the app. `name` is set because it survives the trip from an activity to its orchestrator; the class does not. */

/** One bad setting or one bad place in a file: where it is and what to do about it. */
export interface ConfigProblem {
  /** Name of the setting, or file and path inside it. */
  readonly where: string;
  /** What is wrong, what is expected and the remedy. Never holds the value of a secret. */
  readonly message: string;
  /** What to do, when the message does not say it. */
  readonly remedy?: string;
}

/** Thrown at start-up when settings or definitions are wrong; lists every fault at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(readonly problems: readonly ConfigProblem[]) {
    super(
      `${problems.length} configuration ${problems.length === 1 ? "fault" : "faults"}:\n` +
        problems
          .map(({ where, message, remedy }) => `  ${where}: ${[message, remedy].filter(Boolean).join(". ")}`)
          .join("\n"),
    );
  }
}

/** What is known of a failed call to Databricks. */
export interface DatabricksApiErrorDetails {
  /** HTTP status; 0 when no answer came at all. */
  readonly status: number;
  /** Databricks' own code such as `INVALID_PARAMETER_VALUE`, else the HTTP reason or our own upper-case word. */
  readonly errorCode: string;
  /** What the server asked for, in seconds, if it did. */
  readonly retryAfterSeconds?: number;
  /** What the server itself said, redacted and bounded; the message adds the call and a remedy. */
  readonly reason?: string;
  /** See `DatabricksApiError.maybeExecuted`; without it the status decides. */
  readonly maybeExecuted?: boolean;
}

/** True for a status with which a server says that it did nothing. */
export function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408;
}

/** Thrown when a call to Databricks failed for good, after the client's own retries. */
export class DatabricksApiError extends Error {
  override readonly name: string = "DatabricksApiError";
  readonly status: number;
  readonly errorCode: string;
  readonly retryAfterSeconds: number | undefined;
  readonly reason: string | undefined;
  /**
   * False only when Databricks certainly did not carry the call out: it refused every time it was sent, or was never reached. A
   * call that was answered 503, then repeated and refused, may have been executed the first time.
   */
  readonly maybeExecuted: boolean;

  constructor(message: string, details: DatabricksApiErrorDetails, options?: ErrorOptions) {
    super(message, options);
    this.maybeExecuted = details.maybeExecuted ?? !isRefusal(details.status);
    this.status = details.status;
    this.errorCode = details.errorCode;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.reason = details.reason;
  }
}

/** Thrown when no job, or more than one, has the name; a person has to deploy or rename a job. */
export class JobNotFoundError extends DatabricksApiError {
  override readonly name = "JobNotFoundError";

  constructor(
    readonly jobName: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, { status: 404, errorCode: "JOB_NOT_FOUND" }, options);
  }
}

/** Thrown when Databricks no longer knows a run: deleted, or older than its 60 days of retention. */
export class RunNotFoundError extends DatabricksApiError {
  override readonly name = "RunNotFoundError";

  constructor(
    readonly runId: string,
    options?: ErrorOptions,
  ) {
    super(
      `Databricks does not know run ${runId}: it was deleted or is past retention`,
      // Also the answer to a token whose run is gone: that run was started.
      { status: 404, errorCode: "RUN_NOT_FOUND", maybeExecuted: true },
      options,
    );
  }
}
