import type { HttpAnswer, HttpRequest, NetworkError } from "../../../src/databricks/exchange";
import type { Kernel } from "../kernel/kernel";
import type { Caller, Wire } from "../kernel/wire";
import type { JobsModel } from "./jobs-model";

/** Answers that are none of the Jobs API, or not the one that was asked for. */
export type AnswerFault = "429" | "500" | "503-after" | "401" | "403" | "404-proxy" | "404-path" | "no-json";

/** How often each fault of the service befalls a call, of 1. */
export type AnswerFaultRates = Readonly<Partial<Record<AnswerFault, number>>>;

export const SECRETS = {
  clientSecret: "dose0123456789abcdef0123456789abcdef",
  token: "dkea0123456789abcdef0123456789ab",
} as const;

const HTML = "<!doctype html><html><body>Not here</body></html>";

/** Databricks behind HTTP: the model, and what gateways and identity providers do before it. */
export class DatabricksPort {
  rates: AnswerFaultRates = {};
  /** While set, every call is answered so: an outage, or a right that was taken away. */
  outage: AnswerFault | null = null;
  /** Until then calls of run-now are carried out and answered 503. */
  blindUntil = 0;
  /** Calls of the Jobs API, by path. */
  readonly calls = new Map<string, number>();

  constructor(
    private readonly kernel: Kernel,
    private readonly wire: Wire,
    private readonly model: JobsModel,
    private readonly networkError: typeof NetworkError,
  ) {}

  /** Sends one request for a process. */
  async exchange(caller: Caller, request: HttpRequest): Promise<HttpAnswer> {
    const url = new URL(request.url);
    const what = `${request.method} ${url.pathname.replace(/^\/api\/2\.\d\/jobs\//, "")}`;
    this.calls.set(what, (this.calls.get(what) ?? 0) + 1);
    return this.wire.call(caller, {
      port: "jobs",
      verb: what,
      what: () => (request.body?.includes("idempotency_token") ? "" : (request.body ?? url.search)),
      effect: () => this.answer(request, url),
      fault: (answered) =>
        new this.networkError(answered ? "ECONNRESET" : this.kernel.faults.happens(0.5) ? "ECONNREFUSED" : "ETIMEDOUT"),
    });
  }

  private answer(request: HttpRequest, url: URL): HttpAnswer {
    const fault = this.outage ?? this.draw(url);
    if (fault !== null) {
      this.kernel.count(`fault databricks ${fault}`);
      if (this.kernel.trace.on)
        this.kernel.trace.add("Databricks", `answers ${fault}`, `${request.method} ${url.pathname}`, "fault");
    }
    if (fault !== null && fault !== "503-after") return faulty(fault, this.kernel);
    const real = url.pathname.startsWith("/oidc/") ? signIn(url) : this.api(request, url);
    const isBlind = url.pathname.endsWith("/run-now") && this.kernel.now < this.blindUntil;
    return fault === "503-after" || isBlind ? text(503, HTML) : real;
  }

  private api(request: HttpRequest, url: URL): HttpAnswer {
    if (request.headers["authorization"] !== `Bearer ${SECRETS.token}`) return faulty("401", this.kernel);
    const body = request.body === undefined ? {} : (JSON.parse(request.body) as Record<string, unknown>);
    const { status, body: answer } = this.model.handle(request.method, url, body);
    return text(status, JSON.stringify(answer));
  }

  private draw(url: URL): AnswerFault | null {
    if (!this.wire.faultsOn) return null;
    if (this.kernel.now < this.blindUntil && url.pathname.endsWith("/run-now")) return "503-after";
    let left = this.kernel.faults.next();
    for (const [fault, rate] of Object.entries(this.rates) as [AnswerFault, number][])
      if ((left -= rate) < 0) return fault;
    return null;
  }
}

function signIn(url: URL): HttpAnswer {
  if (url.pathname.endsWith("/oauth-authorization-server"))
    return text(200, JSON.stringify({ token_endpoint: `${url.origin}/oidc/v1/token` }));
  return text(200, JSON.stringify({ access_token: SECRETS.token, expires_in: 3600 }));
}

function faulty(fault: Exclude<AnswerFault, "503-after">, kernel: Kernel): HttpAnswer {
  switch (fault) {
    case "429":
      return {
        ...json(429, "REQUEST_LIMIT_EXCEEDED", "Too many requests"),
        retryAfter: String(kernel.faults.whole(1, 90)),
      };
    case "500":
      return json(500, "INTERNAL_ERROR", "Internal error");
    case "401":
      return json(401, "UNAUTHENTICATED", "Credential was not sent or was of an unsupported type");
    case "403":
      return json(403, "PERMISSION_DENIED", "User does not have permission");
    case "404-proxy":
      return text(404, HTML);
    case "404-path":
      return json(404, "ENDPOINT_NOT_FOUND", "No API found");
    case "no-json":
      return text(200, HTML);
  }
}

const text = (status: number, body: string): HttpAnswer => ({ status, text: body, retryAfter: undefined });
const json = (status: number, error_code: string, message: string): HttpAnswer =>
  text(status, JSON.stringify({ error_code, message }));
