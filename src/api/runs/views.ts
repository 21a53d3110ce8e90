import type { z } from "zod";
import { costOf } from "../../domain/cost";
import type { GenerationRecord } from "../../domain/generation";
import { remedyOfCode } from "../../domain/messages/run-codes";
import { NEEDS } from "../../domain/messages/standing";
import type { RunError, RunRecord } from "../../domain/run";
import { retryFault } from "../../domain/run-actions";
import type { Waiting } from "../../domain/waiting";
import type { runSchema } from "./schemas";

/** What the API shows of runs. Idempotency tokens, aliases and entity tags of the ledger stay inside. */
export type RunView = z.infer<typeof runSchema>;

/** A run as the API shows it. */
export function runView(run: RunRecord, root: string): RunView {
  const { links, ...summary } = runSummaryView(run, root);
  const steps = run.steps.map(({ name, job, state, generations }) => ({
    name,
    job,
    state,
    generations: generations.map(generationView),
  }));
  const { databricksSeconds, dbuSeconds, atLeast } = costOf(run.steps);
  return {
    ...summary,
    waiting: run.waiting && waitingView(run.waiting),
    cost: { databricksSeconds, dbuSeconds, atLeast },
    steps,
    links,
  };
}

/** A run as it stands in a list. */
export function runSummaryView(run: RunRecord, root: string): Omit<RunView, "steps" | "waiting" | "cost"> {
  const self = `${root}/v1/runs/${run.runId}`;
  return {
    id: run.runId,
    pipeline: run.pipeline,
    state: run.state,
    reason: run.reason,
    window: run.window && { start: run.window.start, end: run.window.end },
    requestedBy: run.requestedBy,
    rerun: run.rerun,
    parameters: { ...run.parameters },
    attempt: run.attempt,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    frozenAt: run.frozenAt,
    endedAt: run.endedAt,
    durationSeconds: secondsBetween(run.startedAt, run.endedAt),
    cancelRequestedAt: run.cancelRequestedAt,
    batch: {
      drops: run.batch.drops,
      bytes: run.batch.bytes,
      superseded: run.batch.superseded,
      vanished: run.batch.vanished,
      quarantined: run.batch.quarantined,
    },
    notes: [...(run.notes ?? [])],
    retakeOf: run.retakeOf,
    supersededBy: run.supersededBy,
    retryFault: retryFault(run),
    error: run.error && errorView(run.error),
    links: {
      self,
      cancel: `${self}/cancel`,
      retry: `${self}/retry`,
      drops: `${root}/v1/pipelines/${run.pipeline}/drops?runId=${encodeURIComponent(run.runId)}`,
    },
  };
}

function errorView({ code, message, step }: RunError) {
  return { code, message, step, remedy: remedyOfCode(code) };
}

/** What to do about a Databricks run; null when nothing is to be done. */
function remedyOf({ needsPerson, verdict }: GenerationRecord): string | null {
  if (needsPerson !== null) return NEEDS.unproven.remedy;
  return verdict?.kind === "failed" ? remedyOfCode(verdict.code, verdict.cause) : null;
}

function waitingView({ for: what, until, nextLookWithinSeconds, position, behind }: Waiting) {
  return { for: what, until, nextLookWithinSeconds, position, behind };
}

function generationView(record: GenerationRecord): RunView["steps"][number]["generations"][number] {
  const { exit, verdict } = record;
  return {
    generation: record.generation,
    attempt: record.attempt,
    databricksRunId: record.databricksRunId,
    jobId: record.jobId,
    url: record.url,
    lifeCycleState: record.lifeCycleState,
    resultState: record.resultState,
    verdict: verdict && { kind: verdict.kind, cause: verdict.cause, code: verdict.code, message: verdict.message },
    error: record.error && { message: record.error.message, cell: record.error.cell, trace: record.error.trace },
    status: record.status,
    reason: exit?.reason ?? null,
    counts: exit?.counts ?? null,
    tables: exit?.tables ?? null,
    model: exit?.model ?? null,
    warnings: exit?.warnings ?? [],
    outcomePath: exit?.outcomePath ?? null,
    lastFault: record.lastFault,
    needsPerson: record.needsPerson,
    remedy: remedyOf(record),
    intendedAt: record.intendedAt,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
    durationSeconds: record.durationSeconds,
  };
}

function secondsBetween(start: string | null, end: string | null): number | null {
  return start === null || end === null ? null : Math.max(0, (Date.parse(end) - Date.parse(start)) / 1000);
}
