import { DatabricksApiError, isRefusal, type DatabricksApiErrorDetails } from "../errors";
import { compact } from "../domain/compact";
import { parseErrorBody } from "./error-body";
import { exchange, NetworkError, type HttpAnswer, type HttpRequest } from "./exchange";
import { parseJson, stringifyJson } from "./int64-json";
import type { RateLimiter } from "./rate-limiter";
import { parseRetryAfter, sendWithRetries, type RetryPolicy } from "./retry";
import type { TokenProvider } from "./token-provider";

/** One call of the REST API. */
export interface ApiCall {
  readonly method: "GET" | "POST";
  /** Such as `/api/2.2/jobs/runs/get`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Whether a second arrival of the same call changes nothing. Other calls are repeated after a 429 only. */
  readonly idempotent: boolean;
}

/** What a caller is made of. */
export interface ApiCallerOptions {
  readonly host: string;
  readonly tokens: TokenProvider;
  /** What to look at when the token is refused, such as `Check DATABRICKS_TOKEN.` */
  readonly authRemedy: string;
  readonly userAgent: string;
  readonly limiter: RateLimiter;
  readonly retry: RetryPolicy;
  /** Of a single attempt. */
  readonly timeoutMs: number;
  /** Told of each fault that is nobody's answer: no connection, no access, throttled for long, a fault of the server. */
  readonly onFault?: (error: DatabricksApiError) => void;
}

/** Makes a call and gives back its JSON, int64-safe. @throws DatabricksApiError */
export type ApiCaller = (call: ApiCall) => Promise<unknown>;

/** Whether any sending of one call, repeats included, may have been carried out although it was not answered so. */
interface Sendings {
  maybeExecuted: boolean;
}

/** Calls with a bearer token, within the rate, with retries, and one new token after a 401. */
export function createApiCaller(options: ApiCallerOptions): ApiCaller {
  return async (call) => {
    const sendings: Sendings = { maybeExecuted: false };
    try {
      return await callWithToken(options, call, sendings);
    } catch (error) {
      if (!(error instanceof DatabricksApiError)) throw error;
      if (isFault(error.status)) options.onFault?.(error);
      throw withSendings(error, sendings);
    }
  };
}

/** The same error, which tells of the repeats before it and of a call that was never sent at all. */
function withSendings(error: DatabricksApiError, { maybeExecuted }: Sendings): DatabricksApiError {
  if (error.maybeExecuted === maybeExecuted) return error;
  const { status, errorCode, retryAfterSeconds, reason } = error;
  const details = {
    status,
    errorCode,
    maybeExecuted,
    ...compact<Partial<DatabricksApiErrorDetails>>({ retryAfterSeconds, reason }),
  };
  return new DatabricksApiError(error.message, details, { cause: error });
}

function isFault(status: number): boolean {
  return status === 0 || status === 401 || status === 403 || status === 429 || status >= 500;
}

async function callWithToken(options: ApiCallerOptions, call: ApiCall, sendings: Sendings): Promise<unknown> {
  let token = await options.tokens.getToken();
  let answer = await sendCall(options, call, token, sendings);
  if (answer.status === 401) {
    const fresh = await options.tokens.getToken(token);
    if (fresh !== token) {
      token = fresh;
      answer = await sendCall(options, call, token, sendings);
    }
  }
  return readAnswer(options, call, answer, token);
}

async function sendCall(
  options: ApiCallerOptions,
  call: ApiCall,
  token: string,
  sendings: Sendings,
): Promise<HttpAnswer> {
  const request = toRequest(options, call, token);
  const send = async (): Promise<HttpAnswer> => {
    await options.limiter.acquire();
    try {
      const answer = await exchange(request, options.timeoutMs);
      if (!isRefusal(answer.status)) sendings.maybeExecuted = true;
      return answer;
    } catch (error) {
      if (error instanceof NetworkError && error.maybeSent) sendings.maybeExecuted = true;
      throw error;
    }
  };
  try {
    return await sendWithRetries(options.retry, call.idempotent, send);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    throw new DatabricksApiError(
      `cannot reach DATABRICKS_HOST ${options.host} for ${call.method} ${call.path} (${error.code})`,
      {
        status: 0,
        errorCode: error.code,
      },
    );
  }
}

function toRequest(options: ApiCallerOptions, call: ApiCall, token: string): HttpRequest {
  const query = call.query ? `?${new URLSearchParams(call.query).toString()}` : "";
  const headers = { authorization: `Bearer ${token}`, accept: "application/json", "user-agent": options.userAgent };
  const url = `${options.host}${call.path}${query}`;
  if (!call.body) return { method: call.method, url, headers };
  return {
    method: call.method,
    url,
    headers: { ...headers, "content-type": "application/json" },
    body: stringifyJson(call.body),
  };
}

function readAnswer(options: ApiCallerOptions, call: ApiCall, answer: HttpAnswer, token: string): unknown {
  const { status } = answer;
  const where = `${call.method} ${call.path}`;
  if (status >= 200 && status < 300) {
    try {
      return parseJson(answer.text || "{}");
    } catch {
      const message = `${where} answered ${status} without JSON. Is DATABRICKS_HOST ${options.host} a workspace?`;
      throw new DatabricksApiError(message, { status, errorCode: "UNEXPECTED_ANSWER" });
    }
  }
  const { errorCode, message } = parseErrorBody(status, answer.text, [token]);
  const retryAfterSeconds = parseRetryAfter(answer.retryAfter, options.retry.clock.now());
  const sentence = `${where} failed with ${status} ${errorCode}: ${message.replace(/[\s.]+$/, "")}.`;
  throw new DatabricksApiError(`${sentence}${remedy(options, status)}`, {
    status,
    errorCode,
    reason: message,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

function remedy(options: ApiCallerOptions, status: number): string {
  if (status === 401) return ` ${options.authRemedy}`;
  if (status === 403) return " Grant the identity of the app CAN_MANAGE_RUN on the job.";
  if (status >= 300 && status < 400) return ` Is DATABRICKS_HOST ${options.host} a workspace?`;
  return "";
}

/**
 * True when Databricks itself says that the run or job does not exist: by its error code, or by the sentence of the Jobs API. A
 * bare 404 proves nothing: proxies, wrong paths and token endpoints answer it as well.
 */
export function isNotFound(error: unknown): error is DatabricksApiError {
  if (!(error instanceof DatabricksApiError) || (error.status !== 400 && error.status !== 404)) return false;
  if (error.status === 404 && error.errorCode === "RESOURCE_DOES_NOT_EXIST") return true;
  return /\b(Run|Job)\b.*(does not|doesn't) exist/i.test(error.reason ?? "");
}
