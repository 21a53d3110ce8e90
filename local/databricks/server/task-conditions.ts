import { invalidParameter } from "./api-error";
import { DISABLED, EXCLUDED, isFailure, UPSTREAM_FAILED } from "./outcomes";
import type { Outcome, TaskSettings } from "./records";

const UPSTREAM_CANCELED: Outcome = {
  ...UPSTREAM_FAILED,
  result: "UPSTREAM_CANCELED",
  message: "Task was skipped because an upstream task was cancelled.",
};

/** Whether a task runs, by its `run_if` and the ends of the tasks it depends on; otherwise the outcome it gets unrun. */
export function decideTask(runIf: string, upstream: readonly Outcome[]): "run" | Outcome {
  const failures = upstream.filter(isFailure).length;
  const successes = upstream.filter((outcome) => outcome.result === "SUCCESS").length;
  const has = (...results: string[]): boolean => upstream.some((outcome) => results.includes(outcome.result ?? ""));
  const unmet = has("DISABLED") ? DISABLED : EXCLUDED;
  const unrun = has("CANCELED", "UPSTREAM_CANCELED") ? UPSTREAM_CANCELED : unmet;
  const without = failures > 0 ? UPSTREAM_FAILED : unrun;
  if (upstream.length === 0) return "run";
  switch (runIf) {
    case "ALL_DONE":
      return "run";
    case "AT_LEAST_ONE_FAILED":
      return failures > 0 ? "run" : unmet;
    case "ALL_FAILED":
      return failures === upstream.length ? "run" : unmet;
    case "AT_LEAST_ONE_SUCCESS":
      return successes > 0 ? "run" : without;
    case "NONE_FAILED":
      return failures === 0 && successes > 0 ? "run" : without;
    default:
      return successes === upstream.length ? "run" : without;
  }
}

function closure(start: string, neighbours: (key: string) => readonly string[]): Set<string> {
  const found = new Set([start]);
  for (const key of found) for (const next of neighbours(key)) found.add(next);
  return found;
}

/** Reduces a run to the tasks that `only` names; `+k` adds what is upstream, `k+` what is downstream. */
export function selectTasks(tasks: readonly TaskSettings[], only: readonly string[]): TaskSettings[] {
  if (only.length === 0) return [...tasks];
  const upstream = (key: string): string[] =>
    (tasks.find((task) => task.task_key === key)?.depends_on ?? []).map((item) => item.task_key);
  const downstream = (key: string): string[] =>
    tasks.filter((task) => task.depends_on?.some((item) => item.task_key === key)).map((task) => task.task_key);
  const chosen = new Set<string>();
  for (const item of only) {
    const key = item.replace(/^\+|\+$/g, "");
    if (!tasks.some((task) => task.task_key === key)) throw invalidParameter(`only names unknown task ${key}.`);
    if (item.startsWith("+")) for (const found of closure(key, upstream)) chosen.add(found);
    if (item.endsWith("+")) for (const found of closure(key, downstream)) chosen.add(found);
    chosen.add(key);
  }
  return tasks
    .filter((task) => chosen.has(task.task_key))
    .map((task) => ({
      ...task,
      ...(task.depends_on ? { depends_on: task.depends_on.filter((item) => chosen.has(item.task_key)) } : {}),
    }));
}
