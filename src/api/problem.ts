import type { HttpResponseInit } from "@azure/functions";
import { DatabricksApiError } from "../errors";
import { ContentionError } from "../ledger/contention";
import {
  InvalidRequestError,
  LedgerOwnershipError,
  RequestConflictError,
  RunNotInLedgerError,
  RunStateError,
  UnknownPipelineError,
} from "../ledger/errors";

/** One fault of a request: where (JSON pointer, query parameter or header) and what. */
export interface ProblemDetail {
  readonly pointer: string;
  readonly detail: string;
}

/** Thrown by a handler to answer with a problem (RFC 9457). */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";

  constructor(
    readonly status: number,
    /** Stable, kebab-case; becomes the `type`. */
    readonly code: string,
    readonly title: string,
    detail: string,
    readonly errors: readonly ProblemDetail[] = [],
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }
}

/** Seconds after which a caller may ask again when a part that we need is away. */
const RETRY_AFTER_OUTAGE = "10";

/** The problem that an error stands for; undefined when it is our own fault. */
export function toProblem(error: unknown): HttpProblem | undefined {
  if (error instanceof HttpProblem) return error;
  if (error instanceof UnknownPipelineError)
    return new HttpProblem(404, "unknown-pipeline", "Unknown pipeline", error.message);
  if (error instanceof RunNotInLedgerError) return new HttpProblem(404, "unknown-run", "Unknown run", error.message);
  if (error instanceof RunStateError)
    return new HttpProblem(409, "run-state", "The run's state does not allow this", error.message);
  if (error instanceof RequestConflictError) {
    const errors = [{ pointer: "Idempotency-Key", detail: "was used for another request; send a new key" }];
    const detail = `This Idempotency-Key asked for something else before; that request became run ${error.runId}.`;
    return new HttpProblem(422, "idempotency-key-reused", "Idempotency-Key reused", detail, errors);
  }
  if (error instanceof InvalidRequestError) {
    const errors = error.faults.map((detail) => ({ pointer: "", detail }));
    return new HttpProblem(400, "invalid-request", "Invalid request", error.message, errors);
  }
  if (error instanceof LedgerOwnershipError)
    return new HttpProblem(
      503,
      "ledger-of-another-deployment",
      "The ledger belongs to another deployment",
      error.message,
    );
  if (error instanceof ContentionError) return outage("ledger-busy", "Many requests change the same thing at once");
  if (error instanceof DatabricksApiError) return outage("databricks-unavailable", "Databricks is not available");
  return isStorageError(error) ? outage("storage-unavailable", "The storage account is not available") : undefined;
}

function outage(code: string, title: string): HttpProblem {
  // The message of the error may name hosts and accounts; it is in the log, and /api/health says more.
  const detail =
    "Nothing was lost; send the same request again, with the same Idempotency-Key. GET /api/health names the cause.";
  return new HttpProblem(503, code, title, detail, [], { "retry-after": RETRY_AFTER_OUTAGE });
}

/** The Azure clients throw `RestError` from several copies of one package, so the class cannot be compared. */
function isStorageError(error: unknown): boolean {
  return error instanceof Error && (error.name === "RestError" || error.name === "StorageError");
}

/** The answer for a problem. `traceId` finds the invocation in the log. */
export function problemResponse(problem: HttpProblem, instance: string, traceId: string): HttpResponseInit {
  return {
    status: problem.status,
    headers: { ...problem.headers, "content-type": "application/problem+json", "x-ms-error-code": problem.code },
    body: JSON.stringify({
      type: `urn:batchkeeper:problem:${problem.code}`,
      title: problem.title,
      status: problem.status,
      detail: problem.message,
      instance,
      traceId,
      errors: problem.errors,
    }),
  };
}
