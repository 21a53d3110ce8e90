/** An answer of the REST API that is not a success, in the form that the official clients parse. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly errorCode: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** 400 for a request that names a bad value. */
export function invalidParameter(message: string): ApiError {
  return new ApiError(400, "INVALID_PARAMETER_VALUE", message);
}

/** 404 for a path, scope or key that is not there. */
export function notFound(message: string): ApiError {
  return new ApiError(404, "RESOURCE_DOES_NOT_EXIST", message);
}

/** The cloud answers 400, not 404, for an unknown run. */
export function unknownRun(runId: number): ApiError {
  return invalidParameter(`Run ${runId} does not exist.`);
}

/** The cloud answers 400 with this text for an unknown job; the SDKs map it to not-found. */
export function unknownJob(jobId: number): ApiError {
  return invalidParameter(`Job ${jobId} does not exist.`);
}
