import type { Operation } from "../src/api/registry/operation";
import type { CliContext } from "./context";
import { Fault, ownFault, refusal, type ProblemBody } from "./fault";
import type { Profile } from "./profiles";

/** What an operation is called with, before the app checks it. */
export interface OperationInput {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly key?: string;
  readonly etag?: string;
}

/** An answer of the API. */
export interface ApiAnswer {
  readonly status: number;
  /** Parsed JSON, or text of any other type; undefined without a body. */
  readonly body: unknown;
  readonly etag: string | null;
  readonly retryAfterSeconds: number | null;
}

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;

/** Calls operations of a deployment. What may be repeated is repeated when the app is away for a moment. */
export class ApiClient {
  constructor(
    readonly profile: Profile,
    private readonly context: Pick<CliContext, "fetch" | "sleep" | "signal">,
  ) {}

  async call(operation: Operation, input: OperationInput = {}): Promise<ApiAnswer> {
    const path = operation.http.path.replace(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent(input.path?.[name] ?? ""),
    );
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(input.query ?? {}))
      if (value !== undefined) query.set(name, typeof value === "string" ? value : JSON.stringify(value));
    const search = query.size > 0 ? `?${query.toString()}` : "";
    return this.request(operation, `${this.profile.url}/${path}${search}`, input);
  }

  /** Goes on with a list. */
  async next(operation: Operation, nextLink: string): Promise<ApiAnswer> {
    // A key goes only where the profile sends it.
    const { origin } = new URL(this.profile.url);
    const { pathname, search } = new URL(nextLink);
    return this.request(operation, `${origin}${pathname}${search}`, {});
  }

  private async request(operation: Operation, url: string, input: OperationInput): Promise<ApiAnswer> {
    const repeatable = operation.readOnly || input.key !== undefined;
    for (let attempt = 1; ; attempt += 1) {
      const isLast = attempt === ATTEMPTS || !repeatable || this.context.signal.aborted;
      try {
        const answer = await this.once(operation, url, input);
        const isBusy = answer.status === 503 || answer.status === 429;
        if (isLast || !isBusy || isExpected(operation, answer)) return judged(operation, answer);
      } catch (error) {
        if (error instanceof Fault || this.context.signal.aborted) throw error;
        if (isLast) throw unreachable(url, error);
      }
      await this.context.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }

  private async once({ http }: Operation, url: string, { body, key, etag }: OperationInput): Promise<ApiAnswer> {
    const { key: functionKey, token } = this.profile;
    const response = await this.context.fetch(url, {
      method: http.method,
      redirect: "error",
      signal: this.context.signal,
      headers: {
        accept: "application/json",
        // App Service then answers 401 to who is not signed in, rather than lead to a page.
        "x-requested-with": "XMLHttpRequest",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(functionKey ? { "x-functions-key": functionKey } : {}),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(key === undefined ? {} : { "idempotency-key": key }),
        ...(etag === undefined ? {} : { "if-none-match": etag }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
    const retryAfter = response.headers.get("retry-after");
    return {
      status: response.status,
      body: text === "" ? undefined : isJson ? (JSON.parse(text) as unknown) : text,
      etag: response.headers.get("etag"),
      retryAfterSeconds: retryAfter === null ? null : Number(retryAfter),
    };
  }
}

function unreachable(url: string, error: unknown): Fault {
  const { message, cause } = error as { message?: string; cause?: { message?: string } };
  return ownFault(
    "unreachable",
    `${new URL(url).origin} does not answer: ${cause?.message ?? message ?? "no reason given"}`,
  );
}

function isExpected(operation: Operation, { status, body }: ApiAnswer): boolean {
  return status in operation.answers && !isProblem(body);
}

/** The answer when it is one of the operation's; else the refusal that it is. */
function judged(operation: Operation, answer: ApiAnswer): ApiAnswer {
  const { status, body } = answer;
  if (status === 304 || isExpected(operation, answer)) return answer;
  if (isProblem(body)) throw refusal(body);
  // The host itself refuses a wrong key, without a body.
  if (status === 401 || status === 403) throw ownFault("no-key", `the app answered ${status}`);
  throw ownFault("not-our-api", `the answer was ${status}, without a problem that this API knows`);
}

function isProblem(body: unknown): body is ProblemBody {
  return (
    typeof body === "object" && body !== null && "type" in body && String(body.type).startsWith("urn:batchkeeper:")
  );
}
