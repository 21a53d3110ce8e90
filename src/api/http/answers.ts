import { createHash } from "node:crypto";
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import type { Problem } from "../problems";
import type { AnswerType, AnyAnswer, Operation } from "../registry/operation";

type Headers = Readonly<Record<string, string>>;

/** Nothing that the API answers with is a page, but for those that say so. */
const NO_PAGE = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Headers of every answer: what browsers may do with it. */
function securityHeaders(policy: string = NO_PAGE): Headers {
  return {
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000",
  };
}

/** An operation's answer over HTTP, or 304 when the caller has seen this very one. */
export function answerResponse(operation: Operation, answer: AnyAnswer, request: HttpRequest): HttpResponseInit {
  const { status, body, location, retryAfterSeconds } = answer;
  const type = operation.answers[status] ?? { description: "" };
  const headers: Headers = {
    ...securityHeaders(type.contentSecurityPolicy),
    ...(location === undefined ? {} : { location }),
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  };
  if (body === undefined) return { status, headers: { ...headers, "cache-control": "no-store" } };
  const text = type.contentType === undefined ? JSON.stringify(body) : (body as string);
  if (!operation.etag)
    return {
      status,
      headers: { ...headers, "cache-control": "no-store", "content-type": mediaType(type) },
      body: text,
    };
  // Over the whole answer: steps have rows of their own, so the run row's entity tag would miss their changes.
  const etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"`;
  const tagged = { ...headers, etag, "cache-control": "private, no-cache" };
  if (matches(request.headers.get("if-none-match"), etag)) return { status: 304, headers: tagged };
  return { status, headers: { ...tagged, "content-type": mediaType(type) }, body: text };
}

function mediaType({ contentType = "application/json" }: AnswerType): string {
  return contentType.startsWith("text/") ? `${contentType}; charset=utf-8` : contentType;
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
      ...securityHeaders(),
      ...problem.headers,
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-ms-error-code": problem.code,
    },
    body: JSON.stringify(problemBody(problem, instance, traceId)),
  };
}

/** A problem as every door tells it. */
export function problemBody(problem: Problem, instance: string, traceId: string): object {
  return {
    type: `urn:batchkeeper:problem:${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.message,
    instance,
    traceId,
    remedy: problem.remedy,
    errors: problem.errors,
  };
}
