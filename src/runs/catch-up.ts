import type { RunRecord } from "../domain/run";
import type { RunStore } from "../ledger/run-store";

const PAGE = 20;

/** The newest other run of the pipeline that called, or could have called, Databricks; null when there is none. */
async function lastWithSteps(runs: RunStore, { runId, pipeline }: RunRecord): Promise<RunRecord | null> {
  for (let token: string | undefined; ;) {
    const page = await runs.list(pipeline, undefined, PAGE, token);
    const found = page.items.find((run) => run.runId !== runId && run.frozenAt !== null);
    if (found) return found;
    if (page.nextToken === null) return null;
    token = page.nextToken;
  }
}

/**
 * Whether the run before this one ended without having done all that it found: points of a run that failed after its features step, or
 * ended as not ready, are due although no drop comes.
 */
export async function mayHaveLeftWork(runs: RunStore, run: RunRecord): Promise<boolean> {
  const last = await lastWithSteps(runs, run);
  return last !== null && last.state !== "succeeded";
}
