import { sha256 } from "../../domain/tokens";
import type { DropRecord, DropState } from "../../domain/drop";
import type { Decision } from "../../domain/quarantine";
import type { NewRow, Row } from "../ports";

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

/** A drop's own row. */
export interface StoredDrop {
  readonly keys: DropKeys;
  readonly drop: DropRecord;
  /** Counts the drop's changes; an index row of another number is out of date. */
  readonly version: number;
  /** State before the last change: there an index row may be left over. */
  readonly was: DropState | null;
  /** Pipeline before the last change, when that routed the drop to another one. */
  readonly wasOf: string | null;
  readonly rowEtag: string;
}

/** A row of an index: where it stands, and the drop that it leads to. */
export interface IndexEntry extends DropKeys {
  readonly drop: DropKeys;
  readonly version: number;
  readonly seenAt: string;
}

/** Entity tags come with quotes from HEAD and without from some events: one spelling. */
export function plainEtag(etag: string): string {
  return etag.replace(/^W\//, "").replaceAll('"', "");
}

/** Partition of all versions of a path. */
export const pathPartition = (container: string, path: string): string => sha256(`${container}/${path}`);

/** Keys of a drop: hashes, since a path may hold characters that keys must not. */
export function dropKeys(container: string, path: string, etag: string): DropKeys {
  return { partitionKey: pathPartition(container, path), rowKey: sha256(plainEtag(etag)).slice(0, 32) };
}

/** Partition of the drops of a pipeline that are in a state, by time seen. */
export const indexPartition = (state: DropState, pipeline: string): string => `${state}|${pipeline}`;

const text = (row: Row, column: string): string => (typeof row[column] === "string" ? row[column] : "");
const whole = (row: Row, column: string): number => (typeof row[column] === "number" ? row[column] : 0);

/** Columns of a drop in its own row, in an index and in a batch. */
export function dropColumns(drop: DropRecord): Record<string, unknown> {
  const { pipeline, container, path, source, size, lastModified, state, reason, runId, seenAt, decision } = drop;
  return {
    pipeline,
    container,
    path,
    source,
    // The SDK keeps a row's own entity tag in `etag`: the blob's has its own column.
    blobEtag: plainEtag(drop.etag),
    size,
    lastModified,
    state,
    reason: reason ?? "",
    runId: runId ?? "",
    seenAt,
    ...(decision === undefined ? {} : { decision: JSON.stringify(decision) }),
  };
}

/** Reads a drop from its own row, or from a row that repeats it. */
export function toDropRecord(row: Row): DropRecord {
  const decision = text(row, "decision");
  return {
    pipeline: text(row, "pipeline"),
    container: text(row, "container"),
    path: text(row, "path"),
    source: text(row, "source"),
    etag: text(row, "blobEtag"),
    size: Number(row["size"]),
    lastModified: text(row, "lastModified"),
    state: text(row, "state") as DropState,
    reason: text(row, "reason") || null,
    runId: text(row, "runId") || null,
    seenAt: text(row, "seenAt"),
    ...(decision === "" ? {} : { decision: JSON.parse(decision) as Decision }),
  };
}

export function toStoredDrop(row: Row): StoredDrop {
  return {
    keys: { partitionKey: row.partitionKey, rowKey: row.rowKey },
    drop: toDropRecord(row),
    version: whole(row, "version"),
    was: (text(row, "was") as DropState) || null,
    wasOf: text(row, "wasOf") || null,
    rowEtag: row.etag,
  };
}

/** Keys of an index row. It is written once: another version of the drop has a row of its own. */
export function indexKeys(
  { partitionKey, rowKey }: DropKeys,
  { pipeline, state, seenAt }: Pick<DropRecord, "pipeline" | "state" | "seenAt">,
  version: number,
): DropKeys {
  return {
    partitionKey: indexPartition(state, pipeline),
    rowKey: `${seenAt}|${String(version).padStart(6, "0")}|${partitionKey}|${rowKey}`,
  };
}

/** Index row of a drop. It repeats the drop, so that a list is one query. */
export function indexRow(keys: DropKeys, drop: DropRecord, version: number): NewRow {
  return { ...indexKeys(keys, drop, version), ...dropColumns(drop) };
}

/** Reads an index row; before version 0.2 its key had no number. */
export function toIndexEntry({ partitionKey, rowKey }: Row): IndexEntry {
  const parts = rowKey.split("|");
  return {
    partitionKey,
    rowKey,
    drop: { partitionKey: parts.at(-2) ?? "", rowKey: parts.at(-1) ?? "" },
    version: parts.length > 3 ? Number(parts[1]) : 0,
    seenAt: parts[0] ?? "",
  };
}
