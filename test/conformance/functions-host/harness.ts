import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFunctionsHost } from "../../../local/functions-host/spawn";
import type { FunctionsHostProcess, SpawnOptions } from "../../../local/functions-host/spawn";
import { REPO_ROOT } from "../../../local/paths";

/** Folder of a fixture app. */
export function fixture(name: string): string {
  return join(REPO_ROOT, "test", "fixtures", "functions-apps", name);
}

/** What a status query returns. */
export interface Status {
  name: string;
  instanceId: string;
  runtimeStatus: string;
  input: unknown;
  output: unknown;
  customStatus: unknown;
  historyEvents?: Record<string, unknown>[];
}

const FINISHED = ["Completed", "Failed", "Terminated", "Canceled"];

/** A host over one app and one state folder, which survives restarts. */
export class TestHost {
  readonly dir = mkdtempSync(join(tmpdir(), "functions-host-"));
  private host: FunctionsHostProcess | undefined;
  /** Output of all host processes so far. */
  output = "";

  constructor(
    private readonly app: string,
    private readonly extra: Partial<SpawnOptions> = {},
  ) {}

  get url(): string {
    if (!this.host) throw new Error("the host is not running");
    return this.host.url;
  }

  async start(): Promise<void> {
    const env = { FIXTURE_LOG: join(this.dir, "calls.log"), ...this.extra.env };
    const onOutput = (text: string): void => void (this.output += text);
    this.host = await startFunctionsHost({
      appDir: fixture(this.app),
      stateDir: join(this.dir, "state"),
      ...this.extra,
      env,
      onOutput,
    });
  }

  /** Ends the process; SIGKILL gives it no chance to tidy up. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const host = this.host;
    this.host = undefined;
    return host ? host.stop(signal) : { code: null, signal: null };
  }

  async dispose(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Lines that the app's activities wrote. */
  calls(): string[] {
    const file = join(this.dir, "calls.log");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }

  request(path: string, init?: RequestInit): Promise<Response> {
    return fetch(new URL(path, this.url), init);
  }

  /** Starts an orchestration through the app and its durable client. */
  async begin(name: string, input?: unknown, id = ""): Promise<string> {
    const init = { method: "POST", ...(input === undefined ? {} : { body: JSON.stringify(input) }) };
    const response = await this.request(`/api/start/${name}/${id}`, init);
    if (response.status !== 202) throw new Error(`start of ${name} answered ${String(response.status)}`);
    return ((await response.json()) as { id: string }).id;
  }

  /** Calls a method of the app's durable client. */
  async client(method: string, ...args: unknown[]): Promise<{ result?: unknown; error?: string }> {
    const response = await this.request(`/api/client/${method}`, { method: "POST", body: JSON.stringify(args) });
    return (await response.json()) as { result?: unknown; error?: string };
  }

  /** Queries the management API. */
  async status(id: string, query = ""): Promise<Status> {
    const response = await this.request(`/runtime/webhooks/durabletask/instances/${id}?${query}`);
    if (response.status === 404) throw new Error(`no instance ${id}`);
    return (await response.json()) as Status;
  }

  post(path: string, body?: unknown): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return this.request(`/runtime/webhooks/durabletask/${path}`, {
      method: "POST",
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Waits for the end of an instance. */
  async finished(id: string, timeoutMs = 15_000): Promise<Status> {
    return this.until(id, (status) => FINISHED.includes(status.runtimeStatus), timeoutMs);
  }

  async until(id: string, condition: (status: Status) => boolean, timeoutMs = 15_000): Promise<Status> {
    return eventually(async () => {
      const status = await this.status(id);
      if (!condition(status)) throw new Error(`${id} is still ${JSON.stringify(status)}`);
      return status;
    }, timeoutMs);
  }

  /** Starts an orchestration and returns how it ended. */
  async run(name: string, input?: unknown, id?: string): Promise<Status> {
    return this.finished(await this.begin(name, input, id));
  }
}

/** Repeats until it does not throw. */
export async function eventually<T>(work: () => T | Promise<T>, timeoutMs = 15_000): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; await new Promise((resolve) => setTimeout(resolve, 25))) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
