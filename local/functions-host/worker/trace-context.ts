import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { TraceContext } from "./core-types";

const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** The trace context of request headers; undefined when they have none, or one that is not valid (which W3C says to ignore). */
export function traceContextOf(headers: IncomingHttpHeaders): TraceContext | undefined {
  const traceParent = headers["traceparent"];
  if (typeof traceParent !== "string" || !isTraceParent(traceParent)) return undefined;
  const state = headers["tracestate"];
  const traceState = Array.isArray(state) ? state.join(",") : state;
  return { traceParent, ...(traceState ? { traceState } : {}) };
}

/** Whether the text is a W3C `traceparent`. */
export function isTraceParent(text: string): boolean {
  const [, trace = "", parent = ""] = TRACE_PARENT.exec(text) ?? [];
  return !/^0*$/.test(trace) && !/^0*$/.test(parent) && !text.startsWith("ff");
}

/** A new span of the same trace, or of a new trace when nothing caused it. */
export function childContext(cause: TraceContext | undefined): TraceContext {
  const [, trace = randomBytes(16).toString("hex"), , flags = "00"] = TRACE_PARENT.exec(cause?.traceParent ?? "") ?? [];
  return {
    traceParent: `00-${trace}-${randomBytes(8).toString("hex")}-${flags}`,
    ...(cause?.traceState === undefined ? {} : { traceState: cause.traceState }),
  };
}
