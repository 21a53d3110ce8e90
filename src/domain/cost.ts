import type { StepRecord } from "./run";

/** What the Databricks runs of a run cost, every generation of every attempt. */
export interface RunCost {
  /** Seconds from begin to end of the Databricks runs, cold starts included. */
  readonly databricksSeconds: number;
  /** The same, each second times the step's `dbuPerHour`: divided by 3600 it is DBU. */
  readonly dbuSeconds: number;
  /** True when a Databricks run has no known duration yet, or never will: then the cost is at least this. */
  readonly atLeast: boolean;
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/** Adds up the run's records; Databricks is not asked. */
export function costOf(steps: readonly StepRecord[]): RunCost {
  const runs = steps.flatMap(({ dbuPerHour, generations }) =>
    generations.map(({ durationSeconds, databricksRunId }) => ({ dbuPerHour, durationSeconds, databricksRunId })),
  );
  const sum = (weight: (dbuPerHour: number) => number): number =>
    rounded(runs.reduce((total, run) => total + (run.durationSeconds ?? 0) * weight(run.dbuPerHour), 0));
  return {
    databricksSeconds: sum(() => 1),
    dbuSeconds: sum((dbuPerHour) => dbuPerHour),
    atLeast: runs.some(({ durationSeconds, databricksRunId }) => databricksRunId !== null && durationSeconds === null),
  };
}
