import type { RunRecord, StepRecord } from "../../domain/run";
import type { OverviewView } from "./schemas";

type Night = OverviewView["nights"][number];

/** A run as a column of the overview: how long it waited for clusters, and each step took. */
export function nightOf(run: RunRecord): Night {
  return {
    runId: run.runId,
    createdAt: run.createdAt,
    state: run.state,
    waitSeconds: sum(
      run.steps.flatMap(({ generations }) => generations.map((g) => between(g.intendedAt, g.startedAt))),
    ),
    steps: run.steps.filter(({ generations }) => generations.length > 0).map(stepOf),
    failedStep: run.steps.find(({ state }) => state === "failed")?.name ?? run.error?.step ?? null,
  };
}

function stepOf({ name, state, generations }: StepRecord): Night["steps"][number] {
  const seconds = generations.map((g) => g.durationSeconds ?? between(g.startedAt, g.endedAt));
  return { name, seconds: sum(seconds), failed: state === "failed" };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function between(start: string | null, end: string | null): number {
  return start === null || end === null ? 0 : Math.max(0, (Date.parse(end) - Date.parse(start)) / 1000);
}
