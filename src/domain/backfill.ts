import { isClosed, type RunState } from "./run";
import { sha256 } from "./tokens";
import { windowKey, type Window } from "./window";

/** Which windows are scored again, of those that a run was made for: none, those that failed, or all that ended. */
export const REPROCESS = ["none", "failed", "completed"] as const;
export type Reprocess = (typeof REPROCESS)[number];

/** Windows of one backfill at most. */
export const MAX_WINDOWS = 500;
/** After so many failed windows in a row a backfill stops: the next would most likely fail too. */
export const MAX_FAILURES_IN_A_ROW = 3;

/** What a person asks for. */
export interface BackfillRequest {
  readonly pipeline: string;
  /** First as-of time, and the one after the last; ISO 8601 with `Z`. */
  readonly from: string;
  readonly to: string;
  /** Length of a window; the last may be shorter. */
  readonly windowHours: number;
  readonly reprocess: Reprocess;
}

/** The newest run that was made for a window. */
export interface WindowRun {
  readonly runId: string;
  readonly state: RunState;
  readonly attempt: number;
}

/** One window of a plan. */
export interface PlannedWindow extends Window {
  /** What exists. */
  readonly run: WindowRun | null;
  readonly action: "run" | "skip";
  /** Why. */
  readonly why: "nothing was made for it" | "its run failed" | "its run ended" | "its run is open";
}

/** What a backfill would do. */
export interface BackfillPlan {
  readonly windows: readonly PlannedWindow[];
  /** Windows that would run. */
  readonly count: number;
  /** Of what is asked for and of what exists: it moves when a window's newest run does. */
  readonly hash: string;
}

/** Why a request is none, by place; empty when it is one. */
export function backfillFaults({ from, to, windowHours }: BackfillRequest): string[] {
  const hours = (Date.parse(to) - Date.parse(from)) / 3_600_000;
  if (!(hours > 0)) return ["to: must be after from"];
  const count = Math.ceil(hours / windowHours);
  return count > MAX_WINDOWS ? [`to: ${count} windows, and a backfill has at most ${MAX_WINDOWS}`] : [];
}

/** The windows from `from` to `to`, in order. */
export function windowsOf({ from, to, windowHours }: BackfillRequest): Window[] {
  const [first, end, step] = [Date.parse(from), Date.parse(to), windowHours * 3_600_000];
  const windows: Window[] = [];
  for (let start = first; start < end; start += step) windows.push(spanOf(start, Math.min(start + step, end)));
  return windows;
}

const spanOf = (start: number, end: number): Window => ({
  start: new Date(start).toISOString(),
  end: new Date(end).toISOString(),
});

/** A run that scored nothing, since a precondition was missing, counts as failed. */
const FAILED: ReadonlySet<RunState> = new Set(["failed", "cancelled", "not_ready"]);

function planWindow(window: Window, run: WindowRun | null, reprocess: Reprocess): PlannedWindow {
  if (run === null) return { ...window, run, action: "run", why: "nothing was made for it" };
  if (!isClosed(run.state)) return { ...window, run, action: "skip", why: "its run is open" };
  const failed = FAILED.has(run.state);
  const again = reprocess === "completed" || (reprocess === "failed" && failed);
  return { ...window, run, action: again ? "run" : "skip", why: failed ? "its run failed" : "its run ended" };
}

/** @param runs the newest run of each window, in the order of `windowsOf` */
export function planBackfill(request: BackfillRequest, runs: readonly (WindowRun | null)[]): BackfillPlan {
  const windows = windowsOf(request).map((window, index) => planWindow(window, runs[index] ?? null, request.reprocess));
  const facts = windows.map((window) => [windowKey(window), window.run?.runId, window.run?.attempt, window.run?.state]);
  const text = JSON.stringify([request.pipeline, request.reprocess, facts]);
  return { windows, count: windows.filter(({ action }) => action === "run").length, hash: sha256(text) };
}

/** How a backfill stands. The last three are final. */
export const BACKFILL_STATES = ["running", "completed", "stopped", "cancelled"] as const;
export type BackfillState = (typeof BACKFILL_STATES)[number];

/** A backfill under way or over: one window at a time, each a run of its own. */
export interface BackfillRecord extends BackfillRequest {
  readonly id: string;
  readonly state: BackfillState;
  /** Windows that run, by their place among all. */
  readonly todo: readonly number[];
  /** How many of them are over. */
  readonly done: number;
  readonly failed: number;
  readonly failedInARow: number;
  /** The run of the window that is at work; null between two. */
  readonly runId: string | null;
  readonly requestedBy: string | null;
  readonly reason: string;
  readonly createdAt: string;
  readonly endedAt: string | null;
}

/** Alias of a window's run: whoever asks twice gets the same. */
export const backfillAlias = (id: string, place: number): string => `backfill|${id}|${place}`;

/** The backfill that an alias belongs to, or null. */
export function backfillOf(alias: string): string | null {
  return /^backfill\|(?<id>[a-z0-9-]+)\|\d+$/.exec(alias)?.groups?.["id"] ?? null;
}

/** Columns that a step of a backfill changes. */
export type BackfillStep = Partial<
  Pick<BackfillRecord, "state" | "done" | "failed" | "failedInARow" | "runId" | "endedAt">
>;

/** What follows when the run of the current window ended in this state. */
export function afterWindow(record: BackfillRecord, state: RunState, at: string): BackfillStep {
  const isFailed = FAILED.has(state);
  const done = record.done + 1;
  const failedInARow = isFailed ? record.failedInARow + 1 : 0;
  const next = { done, failed: record.failed + (isFailed ? 1 : 0), failedInARow, runId: null };
  if (done >= record.todo.length) return { ...next, state: "completed", endedAt: at };
  return failedInARow >= MAX_FAILURES_IN_A_ROW ? { ...next, state: "stopped", endedAt: at } : next;
}
