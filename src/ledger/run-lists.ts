import type { RunFilter } from "./run-requests";
import { newestFirst, newestFirstBefore } from "./run-rows";
import type { RunStore, StoredRun } from "./run-store";
import { isClosed, type RunRecord, type StepRecord, type StepState } from "../domain/run";
import { fitsSearch } from "../domain/run-search";
import type { GenerationRecord } from "../domain/generation";
import type { Page } from "../domain/page";

const DEFAULT_TOP = 50;

/** State of a step: what its last generation proves, seen in the light of the run. */
export function stepState(run: RunRecord, last: GenerationRecord | undefined): StepState {
  if (last === undefined) return isClosed(run.state) ? "skipped" : "pending";
  if (last.verdict === null) return isClosed(run.state) ? "cancelled" : "running";
  if (last.verdict.kind === "failed") return last.verdict.cause === "cancelled" ? "cancelled" : "failed";
  return last.status === "not_ready" || last.status === "nothing_to_do" ? last.status : "succeeded";
}

/** The run with all steps of its definition and every generation. */
export function withSteps({ run, definition }: StoredRun, generations: readonly GenerationRecord[]): RunRecord {
  const steps: StepRecord[] = definition.steps.map(({ name, job, dbuPerHour }, ordinal) => {
    const own = generations.filter((generation) => generation.ordinal === ordinal);
    return { name, job, dbuPerHour, state: stepState(run, own.at(-1)), generations: own };
  });
  return { ...run, steps };
}

/** Runs of each pipeline that a page of a search looks through: what is rare is found over several pages, some of them empty. */
export const LOOKED_THROUGH = 1000;

/**
 * Lists runs, newest first; over several pipelines the newest of each are merged. The token is the key of the last run that was looked at.
 */
export async function listRuns(
  runs: RunStore,
  pipelines: readonly string[],
  { state, top = DEFAULT_TOP, token, ...filter }: RunFilter,
): Promise<Page<RunRecord>> {
  const { reason, errorCode, createdFrom, createdBefore } = filter;
  const isSearch = [reason, errorCode, createdFrom, createdBefore].some((value) => value !== undefined);
  const limit = isSearch ? LOOKED_THROUGH : top;
  const after = laterOf(token, createdBefore === undefined ? undefined : newestFirstBefore(new Date(createdBefore)));
  const pages = await Promise.all(pipelines.map(async (name) => runs.list(name, state, limit, after)));
  const all = pages
    .flatMap((page) => page.items)
    .sort((a, b) => (newestFirst(a.runId) < newestFirst(b.runId) ? -1 : 1));
  const seen = all.slice(0, limit);
  const fit = seen.filter((run) => fitsSearch(run, filter));
  const items = fit.slice(0, top);
  const last = fit.length > top ? items.at(-1) : seen.at(-1);
  const isOver =
    createdFrom !== undefined && last !== undefined && Date.parse(last.createdAt) < Date.parse(createdFrom);
  const more = fit.length > top || all.length > limit || pages.some((page) => page.nextToken !== null);
  return { items, nextToken: more && last && !isOver ? newestFirst(last.runId) : null };
}

const laterOf = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && b > a) ? b : a;
