import { randomUUID } from "node:crypto";
import { log, messageOf } from "../log";
import { formatTimeSpan } from "../time-span";
import type { BindingData } from "./binding-data";
import { bindingDataOf } from "./binding-data";
import type { CoreApi } from "./core-api";
import type {
  InvocationRequest,
  InvocationResponse,
  RegisteredFunction,
  RetryContext,
  RpcTypedData,
  TraceContext,
} from "./core-types";
import { retryDelays } from "./retry-policy";
import { childContext } from "./trace-context";

/** How one invocation is asked for. */
export interface InvocationOptions {
  /** Data of the trigger binding; undefined for streamed HTTP. */
  readonly trigger: RpcTypedData | undefined;
  readonly triggerMetadata?: Record<string, RpcTypedData>;
  /** What binding expressions may name besides metadata and the trigger's JSON fields. */
  readonly bindingData?: BindingData;
  /** Shown in the console line `Executing 'Functions.<name>' (Reason='…')`. */
  readonly reason: string;
  readonly invocationId?: string;
  /** Trace of what caused the invocation. */
  readonly trace?: TraceContext | undefined;
  /** Quiet invocations (replays) print no Executing/Executed lines when they succeed. */
  readonly quiet?: boolean;
}

/** What came of an invocation: the handler's own value and its protocol form. */
export interface InvocationResult {
  readonly value: unknown;
  readonly response: InvocationResponse;
}

/** The bindings of a function beside its trigger and its HTTP answer. */
export interface ExtraBindings {
  /** Whether the function writes to a storage. */
  readonly hasOutputs: boolean;
  /** Whether any of them has binding expressions; collecting their values reads the whole trigger. */
  readonly usesData: boolean;
  /** Data of the input bindings, by name. */
  read(data: BindingData, trace: TraceContext): Promise<ReadonlyMap<string, RpcTypedData | undefined>>;
  /** Writes what the function gave to its output bindings. */
  write(data: BindingData, response: InvocationResponse): Promise<void>;
}

/** The function took longer than `functionTimeout` of host.json. */
export class FunctionTimeoutError extends Error {
  override readonly name = "FunctionTimeoutError";
}

/** Invokes functions of the loaded app through the real `@azure/functions` invocation model, hooks, bindings and retry policies included. */
export class Invoker {
  private readonly running = new Set<Promise<unknown>>();
  private readonly bindings = new Map<string, ExtraBindings>();

  constructor(
    private readonly core: CoreApi,
    /** Milliseconds that one invocation may take; Infinity = no limit. */
    private readonly timeoutMs: number,
  ) {}

  /** Names who serves the function's bindings. */
  bind(functionName: string, bindings: ExtraBindings): void {
    this.bindings.set(functionName, bindings);
  }

  /** Whether the function has outputs that are written after its handler has ended. */
  hasOutputs(functionName: string): boolean {
    return this.bindings.get(functionName)?.hasOutputs ?? false;
  }

  /** Runs the function. Throws what the handler threw after its last attempt. */
  async invoke(fn: RegisteredFunction, options: InvocationOptions): Promise<InvocationResult> {
    const delays = retryDelays(fn.metadata.retryOptions);
    const { maxRetryCount } = delays;
    let failure: RetryContext["exception"];
    for (let retryCount = 0; ; retryCount++) {
      const retry = { retryCount, maxRetryCount, ...(failure ? { exception: failure } : {}) };
      try {
        const run = this.attempt(fn, options, maxRetryCount > 0 ? retry : undefined);
        this.running.add(run);
        return await run.finally(() => this.running.delete(run));
      } catch (error) {
        if (retryCount >= maxRetryCount) throw error;
        const stackTrace = error instanceof Error ? (error.stack ?? "") : "";
        failure = { message: messageOf(error), source: `Functions.${fn.name}`, stackTrace };
        await new Promise((resolve) => setTimeout(resolve, delays.delayMs(retryCount)));
      }
    }
  }

  /** Resolves when no invocation runs any more, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.running.size > 0 && Date.now() < deadline) {
      const late = new Promise((resolve) => setTimeout(resolve, Math.min(200, deadline - Date.now())).unref());
      await Promise.race([Promise.allSettled(this.running), late]);
    }
  }

  private async attempt(
    fn: RegisteredFunction,
    options: InvocationOptions,
    retryContext: RetryContext | undefined,
  ): Promise<InvocationResult> {
    const invocationId = options.invocationId ?? randomUUID();
    const started = performance.now();
    const category = `Function.${fn.name}`;
    const line = (result: string): string =>
      `Executed 'Functions.${fn.name}' (${result}, Id=${invocationId}, Duration=${Math.round(performance.now() - started)}ms)`;
    if (!options.quiet)
      log("information", `Executing 'Functions.${fn.name}' (Reason='${options.reason}', Id=${invocationId})`, category);
    try {
      const result = await this.withinTimeout(fn, invocationId, (signal) =>
        this.run(fn, options, invocationId, retryContext, signal),
      );
      if (!options.quiet) log("information", line("Succeeded"), category);
      return result;
    } catch (error) {
      // A quiet invocation is a replay: its failure is the engine's to report, once.
      const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
      if (!options.quiet) log("error", `${line("Failed")}\n${text}`, category);
      throw error;
    }
  }

  /** A handler that is late cannot be stopped: it shares the host's process. Its result counts no more. */
  private async withinTimeout<T>(
    fn: RegisteredFunction,
    invocationId: string,
    work: (expired: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const expired = new AbortController();
    if (this.timeoutMs === Infinity) return work(expired.signal);
    const limit = formatTimeSpan(this.timeoutMs);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => {
          const id = `(Id: '${invocationId}')`;
          log(
            "error",
            `Timeout value of ${limit} exceeded by function 'Functions.${fn.name}' ${id}. Initiating cancellation.`,
          );
          const text = `Timeout value of ${limit} was exceeded by function: Functions.${fn.name}`;
          expired.abort(new FunctionTimeoutError(text));
          reject(expired.signal.reason as Error);
        },
        Math.min(this.timeoutMs, 2 ** 31 - 1),
      );
    });
    try {
      return await Promise.race([work(expired.signal), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async run(
    fn: RegisteredFunction,
    options: InvocationOptions,
    invocationId: string,
    retryContext: RetryContext | undefined,
    expired: AbortSignal,
  ): Promise<InvocationResult> {
    const bindings = this.bindings.get(fn.name);
    const trace = childContext(options.trace);
    const data = bindings?.usesData ? bindingDataOf(fn, options) : {};
    const inputs = await bindings?.read(data, trace);
    const request: InvocationRequest = {
      invocationId,
      functionId: fn.name,
      inputData: Object.entries(fn.metadata.bindings)
        .filter(([key, { direction }]) => key === fn.triggerKey || direction === "in" || direction === 0)
        .map(([name]) => ({ name, data: (name === fn.triggerKey ? options.trigger : inputs?.get(name)) ?? {} })),
      triggerMetadata: options.triggerMetadata ?? {},
      traceContext: { ...trace, attributes: {} },
      ...(retryContext ? { retryContext } : {}),
    };
    const result = await this.call(fn, request, expired);
    await bindings?.write(data, result.response);
    return result;
  }

  private async call(
    fn: RegisteredFunction,
    request: InvocationRequest,
    expired: AbortSignal,
  ): Promise<InvocationResult> {
    const { invocationId } = request;
    const seen: { invocationContext: unknown } = { invocationContext: undefined };
    const core = {
      invocationId,
      request,
      metadata: fn.metadata,
      state: "invocation",
      log: (level: Parameters<typeof log>[0], category: string, message: string) =>
        this.core.log({ level, category, message, ...seen }, `Function.${fn.name}.User`),
    };
    const model = this.core.programmingModel().getInvocationModel(core);
    const { context, inputs } = await model.getArguments();
    seen.invocationContext = context;
    const shared = { hookData: {}, appHookData: this.core.appHookData, invocationContext: context };
    const before = { ...shared, inputs, functionCallback: fn.callback };
    core.state = "preInvocationHooks";
    await this.core.runHooks("preInvocation", before);
    core.state = "invocation";
    const after: Record<string, unknown> = { ...shared, inputs: before.inputs, result: undefined, error: undefined };
    try {
      after["result"] = await model.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after["error"] = error ?? new Error(`Function "${fn.name}" threw ${String(error)}`);
    }
    expired.throwIfAborted();
    core.state = "postInvocationHooks";
    await this.core.runHooks("postInvocation", after);
    rethrow(after["error"]);
    return { value: after["result"], response: await model.getResponse(context, after["result"]) };
  }
}

function rethrow(error: unknown): void {
  if (error !== undefined && error !== null)
    throw error instanceof Error ? error : new Error(messageOf(error), { cause: error });
}
