import { messageOf } from "../log";
import type { RegisteredFunction, RpcTypedData, TraceContext } from "../worker/core-types";
import type { Invoker } from "../worker/invoker";
import type { DurableHttpRequest } from "./actions";
import { EventType, newEvent } from "./events";
import type { FailureDetails, HistoryEvent } from "./events";

/** One stored activity call. `input` is JSON. */
export interface ActivityItem {
  readonly seq: number;
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  readonly input: string;
}

/** Runs an activity function (or, without one, the built-in HTTP activity) and returns the event for its orchestration. Never throws. */
export async function runActivity(
  invoker: Invoker,
  fn: RegisteredFunction | undefined,
  item: ActivityItem,
  trace: TraceContext | undefined,
): Promise<HistoryEvent> {
  try {
    const Result = fn
      ? await invokeActivity(invoker, fn, item, trace)
      : await callHttp(JSON.parse(item.input) as DurableHttpRequest);
    return newEvent(EventType.TaskCompleted, { TaskScheduledId: item.taskId, Result });
  } catch (error) {
    return failedEvent(item, error);
  }
}

async function invokeActivity(
  invoker: Invoker,
  fn: RegisteredFunction,
  item: ActivityItem,
  trace: TraceContext | undefined,
): Promise<string> {
  const trigger = activityData(item.input);
  const triggerMetadata = { instanceId: { string: item.instanceId }, data: trigger };
  const { response } = await invoker.invoke(fn, { trigger, triggerMetadata, reason: "(null)", trace });
  return resultJson(response.returnValue);
}

/** Trigger data of an activity from its JSON input. The library has made strings into JSON already, and decodes them again. */
export function activityData(input: string): RpcTypedData {
  const value: unknown = JSON.parse(input);
  return typeof value === "string" ? { string: value } : { json: input };
}

function resultJson(data: RpcTypedData | null | undefined): string {
  if (!data) return "null";
  if (data.json !== undefined && data.json !== null) return data.json;
  if (data.string !== undefined && data.string !== null) return JSON.stringify(data.string);
  if (data.bytes) return JSON.stringify(Buffer.from(data.bytes).toString("base64"));
  return JSON.stringify(data.int ?? data.double ?? null);
}

/** The text of a failed activity, as the Durable extension cuts it out of the worker's answer: hence the two spaces. */
function failedEvent(item: ActivityItem, error: unknown): HistoryEvent {
  const message = messageOf(error);
  const FailureDetails = parseFailureDetails(message);
  return newEvent(EventType.TaskFailed, {
    TaskScheduledId: item.taskId,
    Reason: `Activity function '${item.name}' failed:  ${FailureDetails?.ErrorMessage ?? message}`,
    Details: error instanceof Error ? (error.stack ?? message) : message,
    ...(FailureDetails ? { FailureDetails } : {}),
  });
}

interface SerializedError {
  errorType?: string;
  errorMessage?: string;
  stackTrace?: string;
  isNonRetriable?: boolean;
  properties?: unknown;
  innerFailure?: SerializedError;
}

/** An app with an exception properties provider sends its errors as JSON. */
function parseFailureDetails(message: string): FailureDetails | undefined {
  if (!message.startsWith("{")) return undefined;
  try {
    const parsed = JSON.parse(message) as SerializedError;
    return typeof parsed.errorType === "string" && typeof parsed.errorMessage === "string"
      ? toDetails(parsed)
      : undefined;
  } catch {
    return undefined;
  }
}

function toDetails(error: SerializedError): FailureDetails {
  return {
    ErrorType: error.errorType ?? "Error",
    ErrorMessage: error.errorMessage ?? "",
    StackTrace: error.stackTrace ?? null,
    IsNonRetriable: error.isNonRetriable ?? false,
    Properties: error.properties,
    InnerFailure: error.innerFailure ? toDetails(error.innerFailure) : null,
  };
}

async function callHttp(request: DurableHttpRequest): Promise<string> {
  if (request.tokenSource)
    throw new Error(
      `callHttp ${request.uri}: a managed identity token source is not available in the local functions host`,
    );
  const body =
    request.content === undefined || ["GET", "HEAD"].includes(request.method.toUpperCase())
      ? {}
      : { body: request.content };
  const response = await fetch(request.uri, {
    method: request.method,
    headers: request.headers ?? {},
    redirect: "manual",
    ...body,
  });
  return JSON.stringify({
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    content: await response.text(),
  });
}
