import type { RunReason, RunRecord } from "./run";

/** What runs are looked for by, beside their pipeline and state; what is left out fits all. */
export interface RunSearch {
  readonly reason?: RunReason;
  /** Code of the run's error, such as `RUN_TIMED_OUT`. */
  readonly errorCode?: string;
  /** Made at or after, and before; ISO 8601. */
  readonly createdFrom?: string;
  readonly createdBefore?: string;
}

/** True when the run is looked for. */
export function fitsSearch(run: RunRecord, { reason, errorCode, createdFrom, createdBefore }: RunSearch): boolean {
  return (
    (reason === undefined || run.reason === reason) &&
    (errorCode === undefined || run.error?.code === errorCode) &&
    (createdFrom === undefined || Date.parse(run.createdAt) >= Date.parse(createdFrom)) &&
    (createdBefore === undefined || Date.parse(run.createdAt) < Date.parse(createdBefore))
  );
}
