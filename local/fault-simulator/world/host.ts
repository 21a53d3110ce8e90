import { SimulatedDurableClient } from "../durable/client";
import { Engine, type EngineHabits } from "../durable/engine";
import type { Registered } from "../durable/episode";
import type { OrchestratorFunction } from "../durable/orchestration";
import type { ActivityItem, TaskHub } from "../durable/task-hub";
import type { Kernel } from "../kernel/kernel";
import type { Caller, Wire } from "../kernel/wire";
import type { RegisteredFunction } from "./worker-core";

/** An HTTP request of a person. */
export interface PersonRequest {
  readonly method: string;
  readonly url: string;
  readonly params: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What the app answered. */
export interface PersonAnswer {
  readonly status: number;
  readonly body: string;
}

/** One process of the functions host with the app in it. After `kill` nothing of it goes on. */
export class Host implements Caller {
  alive = true;
  readonly name: string;
  /** What the app wrote to its log. */
  readonly lines: string[] = [];
  private functions: ReadonlyMap<string, RegisteredFunction> = new Map();
  private client: SimulatedDurableClient | null = null;
  private invocations = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly wire: Wire,
    private readonly hub: TaskHub,
    number: number,
  ) {
    this.name = `host ${number}`;
  }

  /** Takes up work with the functions that the app registered. */
  start(functions: ReadonlyMap<string, RegisteredFunction>, habits: EngineHabits): void {
    this.functions = functions;
    const orchestrator = (name: string): OrchestratorFunction | undefined =>
      (functions.get(name)?.callback as { orchestrator?: OrchestratorFunction } | undefined)?.orchestrator;
    const hasActivity = (name: string): boolean => functions.get(name)?.type === "activitytrigger";
    const app: Registered = { orchestrator, hasActivity };
    this.client = new SimulatedDurableClient(this.hub, this, this.wire, (name) => orchestrator(name) !== undefined);
    new Engine(this.kernel, this.hub, this, app, async (item) => this.runActivity(item), habits).start();
  }

  kill(): void {
    this.alive = false;
    this.hub.onEvent = () => undefined;
    this.hub.onActivity = () => undefined;
  }

  /** Functions of one trigger type. */
  *ofType(type: string): Generator<RegisteredFunction> {
    for (const fn of this.functions.values()) if (fn.type === type) yield fn;
  }

  /** Lets a trigger fire. The result says whether the invocation succeeded. */
  async invoke(fn: RegisteredFunction, input: unknown): Promise<{ ok: boolean; fault: string }> {
    try {
      await (fn.callback as (input: unknown, context: unknown) => Promise<unknown>)(input, this.context(fn.name));
      return { ok: true, fault: "" };
    } catch (error) {
      const fault = describe(error);
      if (this.kernel.trace.on) this.kernel.trace.add(this.name, `${fn.name} failed`, fault);
      return { ok: false, fault };
    }
  }

  async request(
    functionName: string,
    { method, url, params, headers = {}, body }: PersonRequest,
  ): Promise<PersonAnswer> {
    const fn = this.functions.get(functionName);
    if (!fn) throw new Error(`the app has no function ${functionName}`);
    const text = body === undefined ? "" : JSON.stringify(body);
    const query = new URL(url).searchParams;
    const request = {
      method,
      url,
      params,
      query,
      headers: new Headers({ ...headers }),
      text: async () => Promise.resolve(text),
    };
    const handler = fn.callback as unknown as (
      request: unknown,
      context: unknown,
    ) => Promise<{ status?: number; body?: string }>;
    const answer = await handler(request, this.context(functionName));
    return { status: answer.status ?? 200, body: answer.body ?? "" };
  }

  private async runActivity(item: ActivityItem): Promise<string> {
    const fn = this.functions.get(item.name);
    if (!fn) throw new Error(`no activity ${item.name}`);
    const callback = fn.callback as (input: unknown, context: unknown) => Promise<unknown>;
    const result = await callback(JSON.parse(item.input), this.context(item.name, item.instanceId));
    return JSON.stringify(result ?? null);
  }

  private context(functionName: string, about = ""): Record<string, unknown> {
    const log = (level: string) => (line: unknown) => {
      const text = String(line);
      this.lines.push(text);
      if (this.kernel.trace.on) this.kernel.trace.add(this.name, `log ${level}`, about ? `${about}: ${text}` : text);
    };
    const invocationId = `${this.name}-${(this.invocations += 1)}`;
    const levels = {
      log: log("info"),
      trace: log("trace"),
      debug: log("debug"),
      info: log("info"),
      warn: log("warn"),
      error: log("error"),
    };
    return {
      invocationId,
      functionName,
      ...levels,
      durableClient: this.client,
      extraInputs: new Map(),
      options: { extraInputs: [] },
    };
  }
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return `${error.message}: ${error.errors.map(describe).join("; ")}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
