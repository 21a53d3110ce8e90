import { setTimeout as pause } from "node:timers/promises";
import type { RunView } from "../../src/api/runs/views";

export type { RunView };
type RunPage = { readonly value: readonly { readonly id: string; readonly reason: string }[] };
type DropPage = { readonly value: readonly { readonly path: string; readonly state: string }[] };

const POLL_MS = 400;

/** The HTTP API of the function app, as any caller sees it. */
export class PipelineApi {
  readonly #root: string;

  constructor(functionsUrl: string) {
    this.#root = `${functionsUrl}/api/v1`;
  }

  /** Asks for a run; the same `key` never starts a second one. */
  async startRun(pipeline: string, body: object, key: string): Promise<RunView> {
    return this.#call<RunView>("POST", `/pipelines/${pipeline}/runs`, body, { "Idempotency-Key": key });
  }

  async getRun(id: string): Promise<RunView> {
    return this.#call<RunView>("GET", `/runs/${id}`);
  }

  async listRunIds(pipeline: string): Promise<Set<string>> {
    const page = await this.#call<RunPage>("GET", `/runs?pipeline=${pipeline}`);
    return new Set(page.value.map((run) => run.id));
  }

  async listDrops(pipeline: string, filter: Readonly<Record<string, string>>): Promise<DropPage["value"]> {
    const page = await this.#call<DropPage>(
      "GET",
      `/pipelines/${pipeline}/drops?${new URLSearchParams(filter).toString()}`,
    );
    return page.value;
  }

  /** Starts nothing of a pipeline by itself until it is resumed: what is dropped meanwhile is one batch. */
  async pause(pipeline: string, reason: string): Promise<void> {
    await this.#call("POST", `/pipelines/${pipeline}/pause`, { reason });
  }

  async resume(pipeline: string, reason: string): Promise<void> {
    await this.#call("POST", `/pipelines/${pipeline}/resume`, { reason });
  }

  /** Waits until a run appears that is not among `known`. */
  async nextRun(pipeline: string, known: ReadonlySet<string>, timeoutMs: number): Promise<string> {
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await pause(POLL_MS)) {
      const fresh = [...(await this.listRunIds(pipeline))].find((id) => !known.has(id));
      if (fresh !== undefined) return fresh;
    }
    throw new Error(`no run of ${pipeline} appeared within ${timeoutMs / 1000} s`);
  }

  /** Polls until the run is closed; `onChange` sees every state on the way. */
  async waitForRun(id: string, onChange: (run: RunView) => void): Promise<RunView> {
    for (;;) {
      const run = await this.getRun(id);
      onChange(run);
      if (run.endedAt !== null && !["requested", "queued", "running"].includes(run.state)) return run;
      await pause(POLL_MS);
    }
  }

  async #call<T>(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<T> {
    const init: RequestInit = {
      method,
      headers: { ...headers, ...(body ? { "Content-Type": "application/json" } : {}) },
    };
    if (body) init.body = JSON.stringify(body);
    const response = await fetch(`${this.#root}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }
}
