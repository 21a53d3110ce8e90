import type { LogLevel } from "../log";

/** The part of the worker protocol that this host speaks (`@azure/functions-core`). */
export interface RpcTypedData {
  string?: string | null;
  json?: string | null;
  bytes?: Uint8Array | null;
  int?: number | string | null;
  double?: number | string | null;
  http?: RpcHttp | null;
  modelBindingData?: { version: string; source: string; contentType: string; content: Uint8Array };
}

/** An HTTP request to, or response from, a function in buffered mode. */
export interface RpcHttp {
  url?: string;
  method?: string;
  headers?: Record<string, string>;
  nullableHeaders?: Record<string, { value: string }>;
  query?: Record<string, string>;
  nullableQuery?: Record<string, { value: string }>;
  params?: Record<string, string>;
  nullableParams?: Record<string, { value: string }>;
  body?: RpcTypedData;
  statusCode?: string;
  cookies?: RpcCookie[];
}

/** A Set-Cookie of a response. */
export interface RpcCookie {
  name?: string;
  value?: string;
  domain?: { value?: string };
  path?: { value?: string };
  expires?: { value?: { seconds?: number | string } };
  maxAge?: { value?: number | string };
  secure?: { value?: boolean };
  httpOnly?: { value?: boolean };
  sameSite?: string | number;
}

/** One binding of a function; the key under which it is registered is its name. */
export interface Binding {
  readonly type: string;
  readonly direction?: string | number;
  readonly name?: string;
  readonly properties?: Record<string, string>;
  readonly [option: string]: unknown;
}

/** A text option of a binding, or `otherwise` when it is not set. */
export function textOption(binding: Binding, name: string, otherwise: string): string {
  const value = binding[name];
  return typeof value === "string" ? value : otherwise;
}

/** Whether the function gets a reference to the blob (`sdkBinding`), not its bytes. */
export function isDeferred(binding: Binding): boolean {
  return binding.properties?.["supportsDeferredBinding"]?.toLowerCase() === "true";
}

/** A `google.protobuf.Duration` as the library writes it. */
export interface RpcDuration {
  seconds?: number | string;
  nanos?: number | string;
}

/** Retry policy of a function (not of an activity call). */
export interface RetryPolicy {
  retryStrategy?: string | number;
  maxRetryCount?: number;
  delayInterval?: RpcDuration;
  minimumInterval?: RpcDuration;
  maximumInterval?: RpcDuration;
}

/** What a function was registered with. */
export interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly retryOptions?: RetryPolicy;
}

export type FunctionCallback = (...args: unknown[]) => unknown;
export type HookCallback = (context: Record<string, unknown>) => unknown;

/** A registered function. */
export interface RegisteredFunction {
  readonly name: string;
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
  /** Key of the trigger binding. */
  readonly triggerKey: string;
  readonly trigger: Binding;
}

/** W3C trace context of an invocation, or of what caused it. */
export interface TraceContext {
  traceParent: string;
  traceState?: string;
}

/** Tells an invocation which attempt it is, and why the one before it failed. */
export interface RetryContext {
  retryCount: number;
  maxRetryCount: number;
  exception?: { message: string; source: string; stackTrace: string };
}

/** Invocation request as the worker gets it. */
export interface InvocationRequest {
  invocationId: string;
  functionId: string;
  inputData: { name: string; data: RpcTypedData | undefined }[];
  triggerMetadata: Record<string, RpcTypedData>;
  traceContext: TraceContext & { attributes: Record<string, string> };
  retryContext?: RetryContext;
}

export interface InvocationResponse {
  outputData?: { name: string; data: RpcTypedData }[];
  returnValue?: RpcTypedData | null;
}

interface CoreInvocationContext {
  invocationId: string;
  request: InvocationRequest;
  metadata: FunctionMetadata;
  state?: string;
  log(level: LogLevel, category: string, message: string): void;
}

/** What `@azure/functions` hands to `setProgrammingModel`. */
export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): {
    getArguments(): Promise<{ context: { invocationId: string }; inputs: unknown[] }>;
    invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
    getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
  };
  getCapabilities?(defaults: Record<string, string>): Promise<Record<string, string>>;
}
