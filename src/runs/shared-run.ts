import type { GenerationRecord } from "../domain/generation";
import type { StepDefinition } from "../domain/pipeline-definition";
import type { ActivityDeps } from "./deps";

/**
 * The run of the step before, when this step is a task of it too: it has ended, and nobody judged this task yet. A run that the app
 * asked to end is not carried on, nor one of an earlier attempt, since a person asked for this step anew.
 */
async function findSharedRun(
  { ledger }: ActivityDeps,
  steps: readonly StepDefinition[],
  { runId, ordinal, attempt, job, generation }: GenerationRecord,
): Promise<GenerationRecord | null> {
  if (steps[ordinal]?.task === undefined || steps[ordinal - 1]?.task === undefined) return null;
  const all = await ledger.generations.list(runId);
  const last = all.filter((other) => other.ordinal === ordinal - 1).at(-1);
  const isSame = last?.job === job && last.attempt === attempt;
  if (!isSame || last.verdict?.kind !== "succeeded" || last.stopAskedAt !== null) return null;
  const isTried = all.some((own) => own.ordinal === ordinal && own.attempt === attempt && own.generation < generation);
  return isTried ? null : last;
}

/**
 * Takes a step's task out of the run of the step before, in place of a run of its own. That run has ended, so that nothing becomes
 * active by it, and it stays the one Databricks run of the generation that started it (I3).
 * @returns false when the step needs a run of its own
 */
export async function joinSharedRun(
  deps: ActivityDeps,
  steps: readonly StepDefinition[],
  record: GenerationRecord,
): Promise<boolean> {
  const shared = record.submissions > 0 ? null : await findSharedRun(deps, steps, record);
  if (shared === null) return false;
  const { databricksRunId, jobId, workspace } = shared;
  const startedAt = deps.ledger.now().toISOString();
  await deps.ledger.generations.change(record.runId, record.ordinal, record.generation, (current) =>
    current.databricksRunId === null && current.submissions === 0
      ? { databricksRunId, jobId, workspace, startedAt, lastFault: null }
      : null,
  );
  return true;
}
