import { DatabricksApiError } from "../errors";
import { ContentionError } from "../ledger/contention";
import {
  InvalidRequestError,
  LedgerOwnershipError,
  QuarantineItemError,
  RequestConflictError,
  RunNotInLedgerError,
  RunStateError,
  UnknownPipelineError,
} from "../ledger/errors";
import { RefusedError } from "../operations/errors";
import { PROBLEM_TYPES, type ProblemCode } from "./problem-types";

/** One fault of a request: where (JSON pointer, query parameter or header) and what. */
export interface ProblemDetail {
  readonly pointer: string;
  readonly detail: string;
}

/** What a problem carries beside its kind and its detail. */
export interface ProblemExtras {
  readonly errors?: readonly ProblemDetail[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown to refuse a call, whatever the door. HTTP answers with it as RFC 9457 has it. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
  readonly errors: readonly ProblemDetail[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly code: ProblemCode,
    /** What is wrong in this very case. */
    detail: string,
    { errors = [], headers = {} }: ProblemExtras = {},
  ) {
    super(detail);
    ({ status: this.status, title: this.title, remedy: this.remedy } = PROBLEM_TYPES[code]);
    this.errors = errors;
    this.headers = headers;
  }
}

/** A request that is wrong in these places. */
export function invalidRequest(errors: readonly ProblemDetail[]): Problem {
  const detail = errors.map((error) => `${error.pointer || "the body"}: ${error.detail}`).join("; ");
  return new Problem("invalid-request", detail, { errors });
}

/** Seconds after which a caller may ask again when a part that we need is away. */
const RETRY_AFTER_OUTAGE = "10";

/** The problem that an error stands for; undefined when it is our own fault. */
export function toProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof UnknownPipelineError) return new Problem("unknown-pipeline", error.message);
  if (error instanceof RunNotInLedgerError) return new Problem("unknown-run", error.message);
  if (error instanceof RefusedError) return new Problem(error.code, error.message);
  if (error instanceof RunStateError) return new Problem("run-state", error.message);
  if (error instanceof QuarantineItemError)
    return new Problem(error.why === "unknown" ? "unknown-quarantine-item" : "quarantine-item-state", error.message);
  if (error instanceof RequestConflictError) {
    const errors = [{ pointer: "Idempotency-Key", detail: "was used for another request; send a new key" }];
    const detail = `This Idempotency-Key asked for something else before; that request became run ${error.runId}.`;
    return new Problem("idempotency-key-reused", detail, { errors });
  }
  if (error instanceof InvalidRequestError) {
    const errors = error.faults.map((detail) => ({ pointer: "", detail }));
    return new Problem("invalid-request", error.message, { errors });
  }
  if (error instanceof LedgerOwnershipError) return new Problem("ledger-of-another-deployment", error.message);
  if (error instanceof ContentionError) return outage("ledger-busy");
  if (error instanceof DatabricksApiError) return outage("databricks-unavailable");
  return isStorageError(error) ? outage("storage-unavailable") : undefined;
}

function outage(code: ProblemCode): Problem {
  // The message of the error may name hosts and accounts: it goes to the log alone.
  const detail = `${PROBLEM_TYPES[code].title}; the log has the cause.`;
  return new Problem(code, detail, { headers: { "retry-after": RETRY_AFTER_OUTAGE } });
}

/** The Azure clients throw `RestError` from several copies of one package, so the class cannot be compared. */
function isStorageError(error: unknown): boolean {
  return error instanceof Error && (error.name === "RestError" || error.name === "StorageError");
}
