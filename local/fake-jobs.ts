import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const TRACE = "ValueError  Traceback\nFile <command-7>, line 3\n----> 3 boom()\nValueError: boom";

/** How a fake run behaves: what it ends with, and after how long. */
export interface FakeBehaviour {
  readonly delayMs?: number;
  /** `success` exits with a valid exit JSON; `hang` runs until it is cancelled; a cancel takes `cancelMs`. */
  readonly end?: "success" | "not_ready" | "code" | "platform" | "quota" | "no-exit" | "wrong-counts" | "hang";
  /** What it sets aside of its files, as the counts tell it. */
  readonly setAside?: "rows" | "file";
  readonly cancelMs?: number;
}

/** A Databricks run as the fake remembers it. */
export interface FakeRun {
  readonly runId: number;
  readonly jobId: number;
  readonly jobName: string;
  readonly token: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly behaviour: FakeBehaviour;
  readonly startedAt: number;
  cancelledAt: number | null;
  deleted: boolean;
  /** A life-cycle state that nobody knows, instead of the one by the clock; null for that. */
  oddState: string | null;
}

/** A fault of the next requests of a path: a status, or `drop` to close the connection. 5xx, 200 and `drop` come after the work. */
export interface FakeFault {
  readonly path: string;
  readonly status: number | "drop";
  readonly headers?: Record<string, string>;
  /** JSON by object, anything else as text. */
  readonly body?: object | string;
  /** How often; once without it. */
  times?: number;
}

/** Chooses the behaviour of the nth run of a job. */
export type Script = (job: string, nth: number, parameters: Readonly<Record<string, string>>) => FakeBehaviour;

/** A working fake of the Jobs API, in memory, over real HTTP: tokens start one run, runs end by the clock. */
export class FakeJobs {
  readonly runs: FakeRun[] = [];
  /** In order; each is gone when it was answered `times` times. */
  readonly faults: FakeFault[] = [];
  requests = 0;
  /** The service may leave the parameters out of lists. */
  listsParameters = true;
  /** Runs that lists do not show, although they can be read, or the other way round. */
  readonly unlisted = new Set<number>();
  filesInManifest: (runId: string) => Promise<number> = () => Promise.resolve(0);
  private readonly server = createServer((request, response) => {
    this.serve(request, response).catch(() => response.destroy());
  });

  constructor(
    private readonly jobs: readonly string[],
    private readonly script: Script,
  ) {}

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Runs that are not terminal now. */
  active(): FakeRun[] {
    return this.runs.filter((run) => !run.deleted && this.state(run).life !== "TERMINATED");
  }

  private state(run: FakeRun): { life: string; result?: string; code?: string; type?: string } {
    const { end = "success", delayMs = 300, cancelMs = 0 } = run.behaviour;
    const now = Date.now();
    if (run.oddState !== null) return { life: run.oddState };
    if (run.cancelledAt !== null) {
      if (now < run.cancelledAt + cancelMs) return { life: "TERMINATING" };
      return { life: "TERMINATED", result: "CANCELED", code: "USER_CANCELED", type: "CLIENT_ERROR" };
    }
    if (end === "hang" || now < run.startedAt + delayMs) return { life: "RUNNING" };
    if (end === "code")
      return { life: "TERMINATED", result: "FAILED", code: "RUN_EXECUTION_ERROR", type: "CLIENT_ERROR" };
    if (end === "platform")
      return { life: "TERMINATED", result: "FAILED", code: "DRIVER_ERROR", type: "INTERNAL_ERROR" };
    if (end === "quota")
      return { life: "TERMINATED", result: "FAILED", code: "WORKSPACE_RUN_LIMIT_EXCEEDED", type: "CLIENT_ERROR" };
    return { life: "TERMINATED", result: "SUCCESS", code: "SUCCESS", type: "SUCCESS" };
  }

  private view(run: FakeRun): object {
    const { life, result, code, type } = this.state(run);
    const state = { life_cycle_state: life, ...(result ? { result_state: result } : {}), state_message: "" };
    const termination = code ? { termination_details: { code, type, message: "" } } : {};
    const status = { state: life, ...termination };
    const ended = life === "TERMINATED" ? { end_time: Date.now() } : {};
    const common = { state, status, start_time: run.startedAt, ...ended };
    const parameters = Object.entries(run.parameters).map(([name, value]) => ({ name, value, default: "" }));
    const task = { run_id: run.runId + 1, task_key: "main", attempt_number: 0, ...common };
    return {
      run_id: run.runId,
      job_id: run.jobId,
      run_page_url: `http://127.0.0.1/runs/${run.runId}`,
      job_parameters: parameters,
      tasks: [task],
      ...common,
    };
  }

  private async output(run: FakeRun): Promise<object> {
    const { end = "success", setAside } = run.behaviour;
    if (end === "code") return { error: "ValueError: boom", error_trace: TRACE };
    if (end === "no-exit" || this.state(run).result !== "SUCCESS") return { notebook_output: {} };
    const runId = run.parameters["run_id"] ?? "";
    const files = end === "wrong-counts" ? 99 : await this.filesInManifest(runId);
    const [badFiles, badRows] = [setAside === "file" ? 1 : 0, setAside === "rows" ? 1 : 0];
    const counts = {
      filesListed: files,
      filesRead: files - badFiles,
      filesQuarantined: badFiles,
      rowsRead: 3,
      rowsAccepted: 3 - badRows,
      rowsQuarantined: badRows,
      rowsDuplicate: 0,
    };
    const step = run.jobName.replace(/^(batchkeeper|meters|job)-/, "").replaceAll("-", "_");
    const status =
      end === "not_ready" ? { status: "not_ready", reason: "no champion model" } : { status: "ok", reason: null };
    return {
      notebook_output: {
        result: JSON.stringify({ schemaVersion: 1, step, runId, ...status, counts, tables: {}, warnings: [] }),
        truncated: false,
      },
    };
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    const url = new URL(request.url ?? "/", "http://x");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>) : {};
    const verb = url.pathname.replace(/^\/api\/2\.\d\/jobs\//, "");
    const fault = this.faults.find((candidate) => candidate.path === verb);
    if (fault) fault.times = (fault.times ?? 1) - 1;
    if (fault?.times === 0) this.faults.splice(this.faults.indexOf(fault), 1);
    if (fault && fault.status !== "drop" && fault.status !== 200 && fault.status < 500)
      return send(response, fault.status, fault.body ?? { error_code: "REQUEST_LIMIT_EXCEEDED" }, fault.headers);
    const answer = await this.answer(verb, url, body);
    if (fault?.status === "drop") response.destroy();
    else if (fault)
      send(response, Number(fault.status), fault.body ?? { error_code: "TEMPORARILY_UNAVAILABLE" }, fault.headers);
    else
      send(
        response,
        answer === null ? 400 : 200,
        answer ?? { error_code: "INVALID_PARAMETER_VALUE", message: "Run does not exist." },
      );
  }

  private async answer(verb: string, url: URL, body: Record<string, unknown>): Promise<object | null> {
    const id = Number(url.searchParams.get("run_id") ?? body["run_id"] ?? 0);
    const run = this.runs.find(
      (candidate) => !candidate.deleted && (candidate.runId === id || candidate.runId + 1 === id),
    );
    switch (verb) {
      case "list": {
        const name = url.searchParams.get("name");
        const found = this.jobs
          .map((job, index) => ({ job_id: 100 + index, settings: { name: job } }))
          .filter((job) => job.settings.name === name);
        return { jobs: found, has_more: false };
      }
      case "run-now":
        return { run_id: this.runNow(body).runId };
      case "runs/get":
        return run ? this.view(run) : null;
      case "runs/get-output":
        return run ? this.output(run) : null;
      case "runs/cancel":
        if (run && this.state(run).life !== "TERMINATED") run.cancelledAt ??= Date.now();
        return {};
      case "runs/list":
        return { runs: this.list(url.searchParams), has_more: false };
      default:
        return null;
    }
  }

  private list(query: URLSearchParams): object[] {
    const active = new Set(this.active());
    const from = Number(query.get("start_time_from") ?? 0);
    return this.runs
      .filter((run) => !run.deleted && !this.unlisted.has(run.runId) && String(run.jobId) === query.get("job_id"))
      .filter((run) => (query.has("active_only") ? active.has(run) : true))
      .filter((run) => (query.has("completed_only") ? !active.has(run) && run.startedAt >= from : true))
      .map((run) => (this.listsParameters ? this.view(run) : { ...this.view(run), job_parameters: undefined }));
  }

  private runNow(body: Record<string, unknown>): FakeRun {
    const token = String(body["idempotency_token"]);
    const known = this.runs.find((run) => run.token === token);
    if (known) return known;
    const jobId = Number(body["job_id"]);
    const jobName = this.jobs[jobId - 100] ?? "?";
    const parameters = (body["job_parameters"] ?? {}) as Record<string, string>;
    const nth = this.runs.filter((run) => run.jobName === jobName).length;
    const behaviour = this.script(jobName, nth, parameters);
    const run: FakeRun = {
      runId: 1000 + this.runs.length * 10,
      jobId,
      jobName,
      token,
      parameters,
      behaviour,
      startedAt: Date.now(),
      cancelledAt: null,
      deleted: false,
      oddState: null,
    };
    this.runs.push(run);
    return run;
  }
}

function send(
  response: ServerResponse,
  status: number,
  body: object | string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
