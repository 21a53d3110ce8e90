import { createHash } from "node:crypto";
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { Problem } from "../problems";
import type { AnyAnswer, Operation } from "../registry/operation";

type Headers = Readonly<Record<string, string>>;

/** An operation's answer over HTTP, or 304 when the caller has seen this very one. */
export function answerResponse(operation: Operation, answer: AnyAnswer, request: HttpRequest): HttpResponseInit {
  const { status, body, location, retryAfterSeconds } = answer;
  const contentType = operation.answers[status]?.contentType;
  const text = contentType === undefined ? JSON.stringify(body) : (body as string);
  const headers: Headers = {
    ...(location === undefined ? {} : { location }),
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  };
  if (!operation.etag)
    return { status, headers: { ...headers, ...bodyHeaders(text, contentType, "no-store") }, ...bodyOf(text) };
  // Over the whole answer: steps have rows of their own, so the run row's entity tag would miss their changes.
  const etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"`;
  if (matches(request.headers.get("if-none-match"), etag))
    return { status: 304, headers: { ...headers, etag, "cache-control": "no-cache" } };
  return { status, headers: { ...headers, etag, ...bodyHeaders(text, contentType, "no-cache") }, body: text };
}

function bodyHeaders(text: string | undefined, contentType: string | undefined, cacheControl: string): Headers {
  const type =
    contentType === "text/html" || contentType === "text/plain" ? `${contentType}; charset=utf-8` : contentType;
  return {
    "cache-control": cacheControl,
    ...(text === undefined ? {} : { "content-type": type ?? "application/json" }),
  };
}

function bodyOf(text: string | undefined): Pick<HttpResponseInit, "body"> {
  return text === undefined ? {} : { body: text };
}

/** Weak comparison, as `If-None-Match` wants it. */
function matches(header: string | null, etag: string): boolean {
  const seen = (header ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return seen.includes("*") || seen.includes(etag);
}

/** The answer for a problem (RFC 9457). `traceId` finds the invocation in the log. */
export function problemResponse(problem: Problem, instance: string, traceId: string): HttpResponseInit {
  return {
    status: problem.status,
    headers: {
      ...problem.headers,
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-ms-error-code": problem.code,
    },
    body: JSON.stringify({
      type: `urn:batchkeeper:problem:${problem.code}`,
      title: problem.title,
      status: problem.status,
      detail: problem.message,
      instance,
      traceId,
      remedy: problem.remedy,
      errors: problem.errors,
    }),
  };
}
