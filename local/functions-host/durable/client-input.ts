import type { TraceContext } from "../worker/core-types";

/** Where the durable management API is reached. */
export interface DurableEndpoints {
  /** `http://127.0.0.1:7071` */
  readonly origin: string;
  readonly hubName: string;
  /** System key `durabletask_extension`. */
  readonly key: string;
}

/** Path of the public management API. */
export const WEBHOOK_PATH = "/runtime/webhooks/durabletask";
/** Path of the management API for the app itself, without key. */
export const RPC_PATH = "/durabletask";

/** The query string that every public URL carries. */
function queryString(endpoints: DurableEndpoints): string {
  return `taskHub=${encodeURIComponent(endpoints.hubName)}&connection=Storage&code=${encodeURIComponent(endpoints.key)}`;
}

/** The management URLs of an instance. */
export function managementUrls(endpoints: DurableEndpoints, id: string): Record<string, string> {
  const base = `${endpoints.origin}${WEBHOOK_PATH}/instances/${id}`;
  const query = queryString(endpoints);
  return {
    id,
    statusQueryGetUri: `${base}?${query}`,
    sendEventPostUri: `${base}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${base}/terminate?reason={text}&${query}`,
    rewindPostUri: `${base}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${base}?${query}`,
    restartPostUri: `${base}/restart?${query}`,
    suspendPostUri: `${base}/suspend?reason={text}&${query}`,
    resumePostUri: `${base}/resume?reason={text}&${query}`,
  };
}

const TRACE = "trace:";

/**
 * A path that carries a trace: the library sends a `traceparent` of its own only under OpenTelemetry, and what a function starts shall belong to
 * the function's trace all the same.
 */
function traced(trace: TraceContext): string {
  return `${TRACE}${trace.traceParent}${trace.traceState === undefined ? "" : `:${encodeURIComponent(trace.traceState)}`}/`;
}

/** Takes the trace off a path that the client input has made. */
export function tracedPath(path: string): { trace?: TraceContext; rest: string } {
  if (!path.startsWith(TRACE)) return { rest: path };
  const slash = path.indexOf("/");
  const [traceParent = "", state] = path.slice(TRACE.length, slash).split(":");
  const trace = { traceParent, ...(state === undefined ? {} : { traceState: decodeURIComponent(state) }) };
  return { trace, rest: path.slice(slash + 1) };
}

/** The request headers of a trace. */
export function traceHeaders(trace: TraceContext): Record<string, string> {
  return {
    traceparent: trace.traceParent,
    ...(trace.traceState === undefined ? {} : { tracestate: trace.traceState }),
  };
}

/** What a `durableClient` input binding gets in an invocation of that trace. */
export function durableClientInput(endpoints: DurableEndpoints, trace: TraceContext): Record<string, unknown> {
  const create = `${endpoints.origin}${WEBHOOK_PATH}/orchestrators/{functionName}[/{instanceId}]`;
  const query = queryString(endpoints);
  return {
    taskHubName: endpoints.hubName,
    connectionName: null,
    creationUrls: {
      createNewInstancePostUri: `${create}?${query}`,
      createAndWaitOnNewInstancePostUri: `${create}?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&${query}`,
    },
    managementUrls: managementUrls(endpoints, "INSTANCEID"),
    baseUrl: `${endpoints.origin}${WEBHOOK_PATH}`,
    requiredQueryStringParameters: `code=${encodeURIComponent(endpoints.key)}`,
    rpcBaseUrl: `${endpoints.origin}${RPC_PATH}/${traced(trace)}`,
  };
}
