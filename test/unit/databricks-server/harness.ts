import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { NODE, REPO_ROOT } from "../../../local/paths";
import { startServer, type LocalDatabricksServer, type ServerOptions } from "../../../local/databricks/server/server";
import type { WireBody, WireOutput, WireRun } from "./wire";

/** Command of the small controller that stands in for Spark. */
export const CONTROLLER = [NODE, join(REPO_ROOT, "test", "fixtures", "databricks", "controller.mjs")];
export const BUNDLE = join(REPO_ROOT, "test", "fixtures", "databricks", "bundle");

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: WireBody;
}

/** A server over a temporary state folder, and calls to it. */
export class Bench {
  readonly stateDir = mkdtempSync(join(tmpdir(), "bk-databricks-"));
  private server: LocalDatabricksServer | undefined;

  async start(options: Partial<ServerOptions> = {}): Promise<void> {
    this.server = await startServer({ port: 0, stateDir: this.stateDir, controller: CONTROLLER, ...options });
  }

  get url(): string {
    return this.server?.url ?? "";
  }

  get token(): string {
    return this.server?.token ?? "";
  }

  async stop(): Promise<void> {
    await this.server?.close();
    this.server = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.stateDir, { recursive: true, force: true });
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return call(this, method, path, body, headers);
  }

  /** Writes a notebook of controller commands; returns its path. */
  notebook(name: string, ...lines: string[]): string {
    const file = join(this.stateDir, `${name}.py`);
    writeFileSync(file, lines.join("\n"));
    return file;
  }

  /** Creates a job with one task; returns its id. */
  async job(lines: string[], settings: object = {}, task: object = {}): Promise<number> {
    const path = this.notebook(`notebook-${Math.random().toString(36).slice(2)}`, ...lines);
    const tasks = [{ task_key: "main", notebook_task: { notebook_path: path }, ...task }];
    const { body } = await this.call("POST", "/api/2.2/jobs/create", { name: "job", tasks, ...settings });
    return body.job_id;
  }

  async runNow(jobId: number, more: object = {}): Promise<number> {
    const { body } = await this.call("POST", "/api/2.2/jobs/run-now", { job_id: jobId, ...more });
    return body.run_id;
  }

  async run(runId: number): Promise<WireRun> {
    return (await this.call("GET", `/api/2.2/jobs/runs/get?run_id=${runId}`)).body;
  }

  async output(runId: number, index = 0): Promise<WireOutput> {
    const run = await this.run(runId);
    return (await this.call("GET", `/api/2.2/jobs/runs/get-output?run_id=${run.tasks[index]?.run_id}`)).body;
  }

  /** Polls a run until `accept` holds; fails after ten seconds. */
  async until(runId: number, accept: (run: WireRun) => boolean): Promise<WireRun> {
    return until(async () => this.run(runId), accept);
  }

  async ended(runId: number): Promise<WireRun> {
    return this.until(runId, (run) => run.status.state === "TERMINATED");
  }
}

export async function until<T>(read: () => Promise<T>, accept: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
    const value = await read();
    if (accept(value)) return value;
    if (Date.now() > deadline) throw new Error(`not reached within 10 s; last: ${JSON.stringify(value)}`);
  }
}

export async function call(
  server: { url: string; token: string },
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = response.headers.get("content-type")?.includes("json");
  return { status: response.status, headers: response.headers, body: (json ? JSON.parse(text) : text) as WireBody };
}
