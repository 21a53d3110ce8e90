import { isClosed, isRetired, type RunRecord } from "./run";

/** What a person may do with a run, or with all that a filter selects. */
export const RUN_ACTIONS = ["retry", "cancel", "rerun"] as const;
export type RunAction = (typeof RUN_ACTIONS)[number];

const RETRYABLE = new Set(["failed", "cancelled", "not_ready"]);

type Retryable = Pick<RunRecord, "state" | "supersededBy" | "retiredAt" | "batchRemovedAt">;

/** Why the run cannot be retried, as the rest of "run … is …"; null when it can. */
export function retryFault(run: Retryable): string | null {
  const { state, supersededBy } = run;
  if (supersededBy !== null) return `superseded by ${supersededBy}, which took its batch over,`;
  if (!RETRYABLE.has(state)) return state;
  return isRetired(run) ? `${state}, its batch was removed by age,` : null;
}

/** Why the action cannot be taken on the run; null when it can. */
export function actionFault(action: RunAction, run: RunRecord): string | null {
  switch (action) {
    case "retry":
      return retryFault(run);
    case "cancel":
      if (isClosed(run.state)) return run.state;
      return run.cancelRequestedAt === null ? null : "being cancelled";
    case "rerun":
      return isClosed(run.state) ? null : run.state;
  }
}

/** Text over which the hash of a selection is taken: any change of what is selected, or of where it stands, changes it. */
export function selectionText(
  action: RunAction,
  runs: readonly Pick<RunRecord, "runId" | "attempt" | "state">[],
): string {
  const stands = runs.map(({ runId, attempt, state }) => `${runId} ${attempt} ${state}`).sort();
  return [action, ...stands].join("\n");
}
