import type { HttpMethod } from "@azure/functions";
import type { z } from "zod";
import { listDropsQuery, listPipelineRunsQuery, listRunsQuery, type COMPONENTS } from "./schemas";

type Component = keyof typeof COMPONENTS;

/** One operation: what is registered with the host and what the OpenAPI document says come from here. */
export interface Route {
  readonly method: Extract<HttpMethod, "GET" | "POST">;
  /** Below the host's route prefix. */
  readonly path: string;
  readonly summary: string;
  readonly authLevel: "function" | "anonymous";
  readonly query?: z.ZodObject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Component;
  /** Status, its meaning, and the body it has (a success without one has none). */
  readonly success: Readonly<Record<number, { readonly description: string; readonly body?: Component }>>;
  /** The problems it may answer with. */
  readonly problems: readonly number[];
}

const idempotencyKey = {
  "Idempotency-Key":
    "at most 128 printable ASCII characters; the same key with the same body never starts a second run",
};
const ifNoneMatch = { "If-None-Match": "an ETag seen before; 304 when nothing changed" };

/** Every HTTP operation, by function name. */
export const ROUTES = {
  startRun: {
    method: "POST",
    path: "pipelines/{pipeline}/runs",
    summary: "Ask for a run of a pipeline",
    authLevel: "function",
    headers: idempotencyKey,
    body: "StartRun",
    success: {
      202: { description: "The run that does the work, new or already open; Location names it", body: "Run" },
    },
    problems: [400, 404, 415, 422, 503],
  },
  listPipelines: {
    method: "GET",
    path: "pipelines",
    summary: "List the pipelines",
    authLevel: "function",
    success: { 200: { description: "All pipelines", body: "PipelinePage" } },
    problems: [],
  },
  listPipelineRuns: {
    method: "GET",
    path: "pipelines/{pipeline}/runs",
    summary: "List the runs of a pipeline, newest first",
    authLevel: "function",
    query: listPipelineRunsQuery,
    success: { 200: { description: "A page of runs, without their steps", body: "RunPage" } },
    problems: [400, 404, 503],
  },
  listDrops: {
    method: "GET",
    path: "pipelines/{pipeline}/drops",
    summary: "List the drops of a pipeline and what became of them",
    authLevel: "function",
    query: listDropsQuery,
    success: { 200: { description: "A page of drops", body: "DropPage" } },
    problems: [400, 404, 503],
  },
  routeDrops: {
    method: "POST",
    path: "pipelines/{pipeline}/drops/route",
    summary: "Give the pending drops of a pipeline whose definition is gone to another one",
    authLevel: "function",
    body: "RouteDrops",
    success: { 200: { description: "How many went", body: "RoutedDrops" } },
    problems: [400, 404, 415, 503],
  },
  listRuns: {
    method: "GET",
    path: "runs",
    summary: "List runs, newest first",
    authLevel: "function",
    query: listRunsQuery,
    success: { 200: { description: "A page of runs, without their steps", body: "RunPage" } },
    problems: [400, 404, 503],
  },
  getRun: {
    method: "GET",
    path: "pipelines/{pipeline}/runs/{runId}",
    summary: "Get a run with every step and Databricks run",
    authLevel: "function",
    headers: ifNoneMatch,
    success: {
      200: { description: "The run; Retry-After is set while it is not finished", body: "Run" },
      304: { description: "Nothing changed since the given ETag" },
    },
    problems: [404, 503],
  },
  cancelRun: {
    method: "POST",
    path: "pipelines/{pipeline}/runs/{runId}/cancel",
    summary: "Cancel a run and its Databricks run",
    authLevel: "function",
    success: {
      200: { description: "The run was cancelled before", body: "Run" },
      202: { description: "The cancellation is noted; the run ends soon", body: "Run" },
    },
    problems: [404, 409, 503],
  },
  retryRun: {
    method: "POST",
    path: "pipelines/{pipeline}/runs/{runId}/retry",
    summary: "Resume a run from its failed step, with the same batch",
    authLevel: "function",
    success: { 202: { description: "The next attempt is open", body: "Run" } },
    problems: [404, 409, 503],
  },
  health: {
    method: "GET",
    path: "health",
    summary: "Check storage, Databricks and every job",
    authLevel: "function",
    success: {
      200: { description: "All checks passed", body: "Health" },
      503: { description: "A check failed; it names the setting or permission", body: "Health" },
    },
    problems: [],
  },
  openApi: {
    method: "GET",
    path: "openapi.json",
    summary: "This document",
    authLevel: "function",
    success: { 200: { description: "OpenAPI 3.1" } },
    problems: [],
  },
  databricksWebhook: {
    method: "POST",
    path: "databricks/webhook",
    summary: "Take a Databricks notification; it only hastens the next look at the run",
    authLevel: "anonymous",
    body: "WebhookNotification",
    success: { 204: { description: "Taken, whether or not the run is ours" } },
    problems: [400, 401, 404, 503],
  },
} as const satisfies Readonly<Record<string, Route>>;

/** Names of the HTTP functions. */
export type RouteName = keyof typeof ROUTES;
