import type { RunFilter } from "./run-requests";
import { newestFirst } from "./run-rows";
import type { RunStore, StoredRun } from "./run-store";
import { isClosed, type RunRecord, type StepRecord, type StepState } from "../domain/run";
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

/** Lists runs, newest first; over several pipelines the newest of each are merged. The token is the last run's key. */
export async function listRuns(
  runs: RunStore,
  pipelines: readonly string[],
  filter: RunFilter,
): Promise<Page<RunRecord>> {
  const top = filter.top ?? DEFAULT_TOP;
  const pages = await Promise.all(pipelines.map(async (name) => runs.list(name, filter.state, top, filter.token)));
  const all = pages
    .flatMap((page) => page.items)
    .sort((a, b) => (newestFirst(a.runId) < newestFirst(b.runId) ? -1 : 1));
  const items = all.slice(0, top);
  const last = items.at(-1);
  const more = all.length > top || pages.some((page) => page.nextToken !== null);
  return { items, nextToken: more && last ? newestFirst(last.runId) : null };
}
