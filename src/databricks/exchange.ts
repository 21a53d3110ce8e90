import type { AxiosInstance, AxiosResponse } from "axios";
import axios, { AxiosError } from "axios";

/** One HTTP request; `headers` may hold credentials. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Any answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
}

/** Thrown when no answer came. Holds no part of the request: an axios error would carry its headers, and with them the token. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";

  constructor(readonly code: string) {
    super(`no answer (${code})`);
  }

  /** False when no connection was made, so that the server cannot have seen the request. */
  get maybeSent(): boolean {
    return !NEVER_SENT.has(this.code);
  }
}

const NEVER_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** `get-output` carries up to 5 MB of exit value, more once it is escaped as JSON. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Sends one request. A redirect is an answer: a workspace never redirects its API, and a token must not follow. @throws NetworkError */
export async function exchange(
  request: HttpRequest,
  timeoutMs: number,
  client: AxiosInstance = axios,
): Promise<HttpAnswer> {
  try {
    const response: AxiosResponse<string> = await client.request<string>({
      method: request.method,
      url: request.url,
      headers: { ...request.headers },
      ...(request.body === undefined ? {} : { data: request.body }),
      responseType: "text",
      transformRequest: (data: unknown) => data,
      transformResponse: (data: unknown) => data,
      validateStatus: () => true,
      maxRedirects: 0,
      maxContentLength: MAX_ANSWER_BYTES,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const retryAfter: unknown = response.headers["retry-after"];
    return {
      status: response.status,
      text: response.data,
      retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
    };
  } catch (error) {
    throw new NetworkError(networkCode(error));
  }
}

function networkCode(error: unknown): string {
  if (axios.isCancel(error)) return "TIMEOUT";
  return error instanceof AxiosError && error.code ? error.code : "NETWORK";
}
