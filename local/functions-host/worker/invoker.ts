import { randomUUID } from "node:crypto";
import { log, messageOf } from "../log";
import type { CoreApi } from "./core-api";
import type {
  FunctionMetadata,
  InvocationRequest,
  InvocationResponse,
  RegisteredFunction,
  RpcTypedData,
} from "./core-types";
import { retryDelays } from "./retry-policy";

/** How one invocation is asked for. */
export interface InvocationOptions {
  /** Data of the trigger binding; undefined for streamed HTTP. */
  readonly trigger: RpcTypedData | undefined;
  readonly triggerMetadata?: Record<string, RpcTypedData>;
  /** Shown in the console line `Executing 'Functions.<name>' (Reason='…')`. */
  readonly reason: string;
  readonly invocationId?: string;
  /** Quiet invocations (replays) print no Executing/Executed lines when they succeed. */
  readonly quiet?: boolean;
}

/** What came of an invocation: the handler's own value and its protocol form. */
export interface InvocationResult {
  readonly value: unknown;
  readonly response: InvocationResponse;
}

/** Data for the non-trigger inputs of a function, by binding type (e.g. `durableClient`). */
export type InputProvider = (metadata: FunctionMetadata) => RpcTypedData;

/** Invokes functions of the loaded app through the real `@azure/functions` invocation model, hooks and retry policies included. */
export class Invoker {
  private readonly running = new Set<Promise<unknown>>();
  private readonly inputs = new Map<string, InputProvider>();

  constructor(private readonly core: CoreApi) {}

  /** Names who supplies an input binding of the given type. */
  provideInput(type: string, provider: InputProvider): void {
    this.inputs.set(type.toLowerCase(), provider);
  }

  /** Runs the function. Throws what the handler threw after its last attempt. */
  async invoke(fn: RegisteredFunction, options: InvocationOptions): Promise<InvocationResult> {
    const delays = retryDelays(fn.metadata.retryOptions);
    for (let attempt = 0; ; attempt++) {
      try {
        const run = this.attempt(fn, options, attempt, delays.maxRetryCount);
        this.running.add(run);
        return await run.finally(() => this.running.delete(run));
      } catch (error) {
        if (attempt >= delays.maxRetryCount) throw error;
        await new Promise((resolve) => setTimeout(resolve, delays.delayMs(attempt)));
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
    retryCount: number,
    maxRetryCount: number,
  ): Promise<InvocationResult> {
    const invocationId = options.invocationId ?? randomUUID();
    const started = performance.now();
    const line = (result: string): string =>
      `Executed 'Functions.${fn.name}' (${result}, Id=${invocationId}, Duration=${Math.round(performance.now() - started)}ms)`;
    if (!options.quiet)
      log("information", `Executing 'Functions.${fn.name}' (Reason='${options.reason}', Id=${invocationId})`);
    try {
      const result = await this.run(fn, this.request(fn, options, invocationId, retryCount, maxRetryCount));
      if (!options.quiet) log("information", line("Succeeded"));
      return result;
    } catch (error) {
      // A quiet invocation is a replay: its failure is the engine's to report, once.
      if (!options.quiet)
        log(
          "error",
          `${line("Failed")}\n${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`,
        );
      throw error;
    }
  }

  private request(
    fn: RegisteredFunction,
    options: InvocationOptions,
    invocationId: string,
    retryCount: number,
    maxRetryCount: number,
  ): InvocationRequest {
    const inputData = Object.entries(fn.metadata.bindings)
      .filter(([key, binding]) => key === fn.triggerKey || binding.direction === "in" || binding.direction === 0)
      .map(([name, binding]) => ({
        name,
        data: name === fn.triggerKey ? options.trigger : this.inputs.get(binding.type.toLowerCase())?.(fn.metadata),
      }));
    return {
      invocationId,
      functionId: fn.name,
      inputData: inputData.map((item) => ({ name: item.name, data: item.data ?? {} })),
      triggerMetadata: options.triggerMetadata ?? {},
      traceContext: {},
      ...(maxRetryCount > 0 ? { retryContext: { retryCount, maxRetryCount } } : {}),
    };
  }

  private async run(fn: RegisteredFunction, request: InvocationRequest): Promise<InvocationResult> {
    const { invocationId } = request;
    const core = {
      invocationId,
      request,
      metadata: fn.metadata,
      state: "invocation",
      log: (level: Parameters<typeof log>[0], _category: string, message: string) => log(level, message),
    };
    const model = this.core.programmingModel().getInvocationModel(core);
    const { context, inputs } = await model.getArguments();
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
