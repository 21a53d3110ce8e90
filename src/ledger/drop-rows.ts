import { sha256 } from "../domain/tokens";
import type { NewRow, Row } from "./ports";
import type { DropRecord, DropState } from "../domain/drop";

/** What is known of a drop when it is first seen. */
export type SeenDrop = Pick<
  DropRecord,
  "pipeline" | "container" | "path" | "source" | "etag" | "size" | "lastModified"
>;

/** Keys of a drop's own row, the truth about it. */
export interface DropKeys {
  readonly partitionKey: string;
  readonly rowKey: string;
}

/** What the freeze made of a claimed drop; empty while it is still to be frozen. */
export type FreezeOutcome = "" | "frozen" | "batched" | "superseded" | "vanished";

/** A drop in the batch of a run. */
export interface BatchEntry {
  readonly keys: DropKeys;
  readonly drop: SeenDrop;
  readonly outcome: FreezeOutcome;
}

/** Entity tags come with quotes from HEAD and without from some events: one spelling. */
export function plainEtag(etag: string): string {
  return etag.replace(/^W\//, "").replaceAll('"', "");
}

/** Keys of a drop: hashes, since a path may hold characters that keys must not. */
export function dropKeys(container: string, path: string, etag: string): DropKeys {
  return { partitionKey: sha256(`${container}/${path}`), rowKey: sha256(plainEtag(etag)).slice(0, 32) };
}

/** Partition of all versions of a path. */
export const pathPartition = (container: string, path: string): string => sha256(`${container}/${path}`);

const indexKey = (keys: DropKeys): string => `${keys.partitionKey}|${keys.rowKey}`;

/** Row of the drops that wait for a batch, by time seen. */
export function pendingRow(pipeline: string, seenAt: string, keys: DropKeys): NewRow {
  return { partitionKey: `pending|${pipeline}`, rowKey: `${seenAt}|${indexKey(keys)}` };
}

/** Row of all drops of a pipeline by day and time seen. */
export function dayRow(pipeline: string, seenAt: string, keys: DropKeys): NewRow {
  return { partitionKey: `day|${pipeline}|${seenAt.slice(0, 10)}`, rowKey: `${seenAt}|${indexKey(keys)}` };
}

/** Row of a run's batch. It repeats what the freeze needs, so that a batch is read with one query. */
export function batchRow(runId: string, keys: DropKeys, drop: SeenDrop, outcome: FreezeOutcome): NewRow {
  const { pipeline, container, path, source, etag: blobEtag, size, lastModified } = drop;
  return {
    partitionKey: `batch|${runId}`,
    rowKey: indexKey(keys),
    pipeline,
    container,
    path,
    source,
    blobEtag,
    size,
    lastModified,
    outcome,
  };
}

/** The drop that an index row leads to. */
export function keysOfIndexRow(rowKey: string): DropKeys {
  const parts = rowKey.split("|");
  return { partitionKey: parts.at(-2) ?? "", rowKey: parts.at(-1) ?? "" };
}

const text = (row: Row, column: string): string => (typeof row[column] === "string" ? row[column] : "");

function toSeen(row: Row): SeenDrop {
  return {
    pipeline: text(row, "pipeline"),
    container: text(row, "container"),
    path: text(row, "path"),
    source: text(row, "source"),
    // The SDK keeps the row's own entity tag in `etag`: the blob's has its own column.
    etag: text(row, "blobEtag"),
    size: Number(row["size"]),
    lastModified: text(row, "lastModified"),
  };
}

/** Reads a drop's own row. */
export function toDropRecord(row: Row): DropRecord {
  return {
    ...toSeen(row),
    state: text(row, "state") as DropState,
    reason: text(row, "reason") || null,
    runId: text(row, "runId") || null,
    seenAt: text(row, "seenAt"),
  };
}

/** Reads a row of a batch. */
export function toBatchEntry(row: Row): BatchEntry {
  return { keys: keysOfIndexRow(row.rowKey), drop: toSeen(row), outcome: text(row, "outcome") as FreezeOutcome };
}

/** The row of a drop that is seen for the first time. */
export function newDropRow(
  keys: DropKeys,
  drop: SeenDrop,
  state: DropState,
  reason: string | null,
  seenAt: string,
): NewRow {
  const { pipeline, container, path, source, size, lastModified } = drop;
  return {
    ...keys,
    kind: "drop",
    ...{ pipeline, container, path, source, size, lastModified, state, seenAt },
    blobEtag: plainEtag(drop.etag),
    reason: reason ?? "",
    runId: "",
  };
}
