import { createHash } from "node:crypto";
import type { HttpRequest, HttpResponseInit } from "@azure/functions";
import { isClosed, type RunRecord } from "../domain/run";
import { POLL_AFTER_SECONDS } from "./deps";
import { json } from "./http-function";
import { runView } from "./views";

/** 202 (or another status) with the run, where to look and when. */
export function acceptedRun(run: RunRecord, root: string, status = 202): HttpResponseInit {
  const view = runView(run, root);
  return json(status, view, { location: view.links.self, ...pollHeader(run) });
}

/** 200 with the run, or 304 when the caller has seen this very answer. */
export function currentRun(run: RunRecord, root: string, request: HttpRequest): HttpResponseInit {
  const view = runView(run, root);
  // Over the whole answer: steps have rows of their own, so the run row's entity tag would miss their changes.
  const etag = `"${createHash("sha256").update(JSON.stringify(view)).digest("base64url").slice(0, 22)}"`;
  const headers = { etag, "cache-control": "no-cache", ...pollHeader(run) };
  return matches(request.headers.get("if-none-match"), etag) ? { status: 304, headers } : json(200, view, headers);
}

function pollHeader(run: RunRecord): Readonly<Record<string, string>> {
  return isClosed(run.state) ? {} : { "retry-after": POLL_AFTER_SECONDS };
}

/** Weak comparison, as `If-None-Match` wants it. */
function matches(header: string | null, etag: string): boolean {
  const seen = (header ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return seen.includes("*") || seen.includes(etag);
}
