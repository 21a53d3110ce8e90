import { randomUUID } from "node:crypto";
import { compact } from "../../domain/compact";
import { isClosed, type RunRecord } from "../../domain/run";
import { RunNotInLedgerError } from "../../ledger/errors";
import type { RunFilter, RunRequests } from "../../ledger/run-requests";
import { invocationLogger } from "../../logging/logger";
import { actOnRun } from "../../operations/act-on-runs";
import { requireKnownPipeline, requirePipeline, type ApiPorts } from "../ports";
import { pipelinePath, runPath } from "../registry/common-schemas";
import { answer, operation } from "../registry/operation";
import { operatorOf, optionalReasonBody } from "../registry/operator";
import { pageView } from "../registry/page-view";
import { listRunsQuery, runPageSchema, runSchema, startRunBody } from "./schemas";
import { runSummaryView, runView } from "./views";

type Runs = Pick<ApiPorts, "runs">;
type Verbs = Pick<ApiPorts, "operations">;

/** Seconds after which a look at an unfinished run is worth it. */
const POLL_AFTER_SECONDS = 5;

const startRun = operation({
  id: "startRun",
  summary: "Ask for a run of a pipeline",
  description:
    "Answers at once with the run that does the work: a new one, or the one that is already open for the same work.",
  http: { method: "POST", path: "v1/pipelines/{pipeline}/runs" },
  command: "runs start",
  examples: [
    "runs start scoring",
    "runs start scoring --window-start 2015-11-01T06:30:00Z --window-end 2015-11-02T06:30:00Z",
  ],
  access: "operator",
  readOnly: false,
  idempotencyKey: "core",
  path: pipelinePath,
  body: startRunBody,
  answers: {
    202: { description: "The run that does the work, new or already open; Location names it", schema: runSchema },
  },
  problems: ["unknown-pipeline", "idempotency-key-reused"],
  async run({ path, body, key, caller, starter, root }, { runs, pipelines }: Pick<ApiPorts, "runs" | "pipelines">) {
    const pipeline = requirePipeline(pipelines, path.pipeline).name;
    const { window, rerun, parameters } = body;
    // The caller's key has a name space of its own; without one every request is new.
    const alias = `http|${key ?? randomUUID()}`;
    const requestedBy = caller.name === null ? {} : { requestedBy: caller.name };
    const asked = {
      pipeline,
      window: window ?? null,
      reason: "http",
      alias,
      rerun,
      parameters,
      ...requestedBy,
    } as const;
    const { run, created } = await runs.requestRun(asked, starter);
    invocationLogger.info(created ? "run requested" : "request led to a known run", { runId: run.runId, pipeline });
    // With its steps, so that a repeated request is answered like the first.
    return shownRun(202, (await runs.getRun(run.runId)) ?? run, root);
  },
});

const listRuns = operation({
  id: "listRuns",
  summary: "List runs, newest first",
  http: { method: "GET", path: "v1/runs" },
  command: "runs list",
  examples: ["runs list --pipeline scoring --state failed"],
  columns: [
    "id",
    "state",
    "reason",
    "attempt",
    "createdAt",
    "durationSeconds",
    "batch.drops",
    "error.message",
    "error.remedy",
  ],
  access: "reader",
  readOnly: true,
  etag: true,
  query: listRunsQuery,
  answers: { 200: { description: "A page of runs, without their steps", schema: runPageSchema } },
  problems: ["unknown-pipeline"],
  async run({ query: { token, ...filter }, root }, { runs }: Runs) {
    const { trigger, ...others } = filter;
    if (filter.pipeline !== undefined) await requireKnownPipeline(runs, filter.pipeline);
    const page = await runs.listRuns(compact<RunFilter>({ ...others, reason: trigger, token }));
    return answer(
      200,
      pageView(page, (run) => runSummaryView(run, root), `${root}/v1/runs`, filter),
    );
  },
});

const getRun = operation({
  id: "getRun",
  summary: "Get a run with every step and Databricks run",
  http: { method: "GET", path: "v1/runs/{runId}" },
  command: "runs get",
  examples: ["runs get scoring-20151116t063000-1a2b3c4d"],
  access: "reader",
  readOnly: true,
  etag: true,
  path: runPath,
  answers: { 200: { description: "The run; Retry-After is set while it is not finished", schema: runSchema } },
  problems: ["unknown-run"],
  async run({ path: { runId }, root }, { runs }: Runs) {
    return shownRun(200, await requireRun(runs, runId), root);
  },
});

const cancelRun = operation({
  id: "cancelRun",
  summary: "Cancel a run and its Databricks run",
  description: "Notes the wish; the orchestration ends the Databricks run. Repeating it is no error.",
  http: { method: "POST", path: "v1/runs/{runId}/cancel" },
  command: "runs cancel",
  examples: ['runs cancel scoring-20151116t063000-1a2b3c4d --reason "the night was asked for twice"'],
  access: "operator",
  readOnly: false,
  idempotencyKey: "stored",
  path: runPath,
  body: optionalReasonBody,
  answers: {
    200: { description: "The run was cancelled before", schema: runSchema },
    202: { description: "The cancellation is noted; the run ends soon", schema: runSchema },
  },
  problems: ["unknown-run", "run-state"],
  async run({ path: { runId }, body, root, ...call }, { operations }: Verbs) {
    const run = await actOnRun(operations, "cancel", runId, "", operatorOf(call, body.reason));
    return shownRun(run.state === "cancelled" ? 200 : 202, run, root);
  },
});

const retryRun = operation({
  id: "retryRun",
  summary: "Resume a run from its failed step, with the same batch",
  description: "Opens the next attempt. A run whose retry is already open is answered as it is.",
  http: { method: "POST", path: "v1/runs/{runId}/retry" },
  command: "runs retry",
  examples: ['runs retry scoring-20151116t063000-1a2b3c4d --reason "the table is back"'],
  access: "operator",
  readOnly: false,
  idempotencyKey: "stored",
  path: runPath,
  body: optionalReasonBody,
  answers: { 202: { description: "The next attempt is open", schema: runSchema } },
  problems: ["unknown-run", "run-state"],
  async run({ path: { runId }, body, root, ...call }, { operations }: Verbs) {
    return shownRun(202, await actOnRun(operations, "retry", runId, "", operatorOf(call, body.reason)), root);
  },
});

/** @throws RunNotInLedgerError when there is no such run */
export async function requireRun(runs: RunRequests, runId: string): Promise<RunRecord> {
  const run = await runs.getRun(runId);
  if (run === null) throw new RunNotInLedgerError(runId);
  return run;
}

/** The run as it is now, where it is, and when another look is worth it. */
export function shownRun<S extends number>(status: S, run: RunRecord, root: string) {
  const view = runView(run, root);
  const poll = isClosed(run.state) ? {} : { retryAfterSeconds: POLL_AFTER_SECONDS };
  return answer(status, view, { location: view.links.self, ...poll });
}

export const RUN_OPERATIONS = [startRun, listRuns, getRun, cancelRun, retryRun];
