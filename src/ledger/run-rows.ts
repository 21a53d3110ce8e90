import { parseRunId } from "../domain/ids";
import type { Window } from "../domain/window";
import type { NewRow, Row } from "./ports";
import type { BatchCounts, RunReason, RunRecord, RunState } from "../domain/run";

/** Columns that a change of a run may set; the rest is fixed at the request. */
export type RunChange = Partial<
  Pick<
    RunRecord,
    | "state"
    | "attempt"
    | "requestedAt"
    | "startedAt"
    | "frozenAt"
    | "manifestDraft"
    | "retakeOf"
    | "retakes"
    | "supersededBy"
    | "endedAt"
    | "cancelRequestedAt"
    | "batch"
    | "error"
    | "notes"
    | "historyRemovedAt"
    | "retiredAt"
    | "batchRemovedAt"
  >
>;

/** Keys of a row. */
export type RowKeys = Pick<Row, "partitionKey" | "rowKey">;

const text = (row: Row, column: string): string => (typeof row[column] === "string" ? row[column] : "");
const textOrNull = (row: Row, column: string): string | null => text(row, column) || null;
const whole = (row: Row, column: string): number => (typeof row[column] === "number" ? row[column] : 0);

function json<T>(row: Row, column: string, otherwise: T): T {
  const value = text(row, column);
  return value === "" ? otherwise : (JSON.parse(value) as T);
}

/** What sorts before the key of every run that was made before a time, and behind that of every later one. */
export function newestFirstBefore(at: Date): string {
  return complemented(at.toISOString().replace(/\D/g, "").slice(0, 14));
}

/** Every digit of a stamp of fourteen taken from nine. */
const complemented = (stamp: string): string => String(99_999_999_999_999 - Number(stamp)).padStart(14, "0");

/** Key under which newer runs sort first: the digits of the time stamp, complemented. */
export function newestFirst(runId: string): string {
  const parts = parseRunId(runId);
  if (!parts) throw new Error(`"${runId}" is no run id`);
  return `${complemented(parts.stamp)}-${parts.random}`;
}

/** Version of the rows that this code writes. Version 1 (no column) had no state rows. */
export const ROW_VERSION = 2;

/** Columns that an index row repeats: all that `toRunRecord` reads. */
const INDEXED: readonly (keyof RunRecord)[] = [
  "runId",
  "state",
  "reason",
  "window",
  "alias",
  "rerun",
  "requestedBy",
  "deploymentId",
  "parameters",
  "attempt",
  "requestedAt",
  "createdAt",
  "startedAt",
  "frozenAt",
  "manifestDraft",
  "retakeOf",
  "retakes",
  "supersededBy",
  "endedAt",
  "cancelRequestedAt",
  "batch",
  "error",
  "notes",
  "historyRemovedAt",
  "retiredAt",
  "batchRemovedAt",
];

/** Keys of a run's index row under a state, newest first. */
export function stateKeys({ runId, pipeline }: Pick<RunRecord, "runId" | "pipeline">, state: RunState): RowKeys {
  return { partitionKey: pipeline, rowKey: `state|${state}|${newestFirst(runId)}` };
}

/** Index row of a run under its state. It repeats the run's row but for the definition, so that a list is one query. */
export function stateRow(row: NewRow): NewRow {
  const run = { runId: String(row["runId"]), pipeline: row.partitionKey };
  const columns: Record<string, unknown> = {};
  for (const column of INDEXED) if (row[column] !== undefined) columns[column] = row[column];
  return { ...columns, ...stateKeys(run, row["state"] as RunState) };
}

/** True when an index row repeats its run; before, it only named it. */
export const repeatsRun = (row: Row): boolean => text(row, "createdAt") !== "";

/** Keys of a run's row, or null when the text is no run id. */
export function runKeys(runId: string): RowKeys | null {
  const parts = parseRunId(runId);
  return parts && { partitionKey: parts.pipeline, rowKey: `run|${newestFirst(runId)}` };
}

const NO_BATCH: BatchCounts = { drops: 0, bytes: 0, superseded: 0, vanished: 0, quarantined: 0 };

/** The window alone, whatever else a newer version stored with it. */
function windowOf(row: Row): Window | null {
  const stored = json<Window | null>(row, "window", null);
  return stored && { start: stored.start, end: stored.end };
}

/** What retention has removed of the run. */
function removed(row: Row): Pick<RunRecord, "historyRemovedAt" | "retiredAt" | "batchRemovedAt"> {
  const of = (column: "historyRemovedAt" | "retiredAt" | "batchRemovedAt") => {
    const at = text(row, column);
    return at === "" ? {} : { [column]: at };
  };
  return { ...of("historyRemovedAt"), ...of("retiredAt"), ...of("batchRemovedAt") };
}

/** Reads a run's row; steps are added by who needs them. */
export function toRunRecord(row: Row): RunRecord {
  return {
    runId: text(row, "runId"),
    pipeline: row.partitionKey,
    state: text(row, "state") as RunState,
    reason: text(row, "reason") as RunReason,
    window: windowOf(row),
    alias: text(row, "alias"),
    rerun: row["rerun"] === true,
    requestedBy: textOrNull(row, "requestedBy"),
    deploymentId: text(row, "deploymentId"),
    parameters: json<Record<string, string>>(row, "parameters", {}),
    attempt: whole(row, "attempt"),
    requestedAt: text(row, "requestedAt"),
    createdAt: text(row, "createdAt"),
    startedAt: textOrNull(row, "startedAt"),
    frozenAt: textOrNull(row, "frozenAt"),
    manifestDraft: textOrNull(row, "manifestDraft"),
    retakeOf: textOrNull(row, "retakeOf"),
    retakes: whole(row, "retakes"),
    supersededBy: textOrNull(row, "supersededBy"),
    endedAt: textOrNull(row, "endedAt"),
    cancelRequestedAt: textOrNull(row, "cancelRequestedAt"),
    batch: { ...NO_BATCH, ...json<Partial<BatchCounts>>(row, "batch", {}) },
    error: json(row, "error", null),
    ...(text(row, "notes") === "" ? {} : { notes: json<string[]>(row, "notes", []) }),
    ...removed(row),
    etag: row.etag,
    waiting: null,
    steps: [],
  };
}

/** The row of a new run with the definition it began with. */
export function newRunRow(run: Omit<RunRecord, "etag" | "steps" | "waiting">, definition: string): NewRow {
  const keys = runKeys(run.runId);
  if (!keys) throw new Error(`"${run.runId}" is no run id`);
  const { runId, state, reason, alias, rerun, deploymentId, attempt, requestedAt, createdAt } = run;
  return {
    ...keys,
    runId,
    state,
    reason,
    alias,
    rerun,
    deploymentId,
    attempt,
    requestedAt,
    createdAt,
    definition,
    version: ROW_VERSION,
    window: run.window ? JSON.stringify(run.window) : "",
    requestedBy: run.requestedBy ?? "",
    parameters: JSON.stringify(run.parameters),
    batch: JSON.stringify(run.batch),
  };
}

/** Columns of a change. Table merges cannot remove a column, so null is stored as an empty string. */
export function runColumns(change: RunChange): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(change).map(([column, value]) => {
      if (value === null) return [column, ""];
      return [column, typeof value === "object" ? JSON.stringify(value) : value];
    }),
  );
}

/** The empty batch of a new run. */
export const emptyBatch = (): BatchCounts => NO_BATCH;
