import type { GenerationRecord } from "../domain/generation";
import type { RunRecord } from "../domain/run";

/** `run.json` in the results container: what a run did, for people and programs without access to the ledger (I10). */
export type RunSummary = Omit<RunRecord, "alias" | "requestedBy" | "etag" | "steps" | "waiting"> & {
  readonly steps: readonly {
    readonly name: string;
    readonly job: string;
    readonly state: string;
    readonly generations: readonly Omit<GenerationRecord, "idempotencyToken">[];
  }[];
};

/** Leaves out what lets somebody act as the caller or as the app: the alias is the caller's key, the token starts runs. */
export function runSummary({
  alias: _alias,
  requestedBy: _by,
  etag: _etag,
  waiting: _waiting,
  steps,
  ...run
}: RunRecord): RunSummary {
  return {
    ...run,
    steps: steps.map(({ generations, ...step }) => ({
      ...step,
      generations: generations.map(({ idempotencyToken: _token, ...generation }) => generation),
    })),
  };
}
