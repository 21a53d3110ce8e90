import type { DropRecord } from "../../domain/drop";
import type { NewRow, Row } from "../ports";
import { dropColumns, toDropRecord, type DropKeys } from "./drop-rows";

/**
 * What the freeze made of a drop in the batch of a run: `todo` is still to be frozen, `waiting` was tried, `frozen` has its bytes and
 * `batched` stands in the manifest. `retaken` went to a later run with the whole batch; the others are as the drop's states.
 */
export type FreezeOutcome =
  "todo" | "waiting" | "frozen" | "batched" | "superseded" | "vanished" | "quarantined" | "retaken";

/** Outcomes of a drop that the run still holds as claimed. */
export const HELD: readonly FreezeOutcome[] = ["todo", "waiting", "frozen"];

/** A drop in the batch of a run. */
export interface BatchEntry {
  readonly keys: DropKeys;
  readonly drop: DropRecord;
  readonly outcome: FreezeOutcome;
  /** Version of the drop as the run claimed it: of another one the run holds nothing. */
  readonly version: number;
  /** Where the bytes are, relative to the volume root; empty until they are frozen. */
  readonly frozenPath: string;
  readonly rowKey: string;
  readonly rowEtag: string;
}

export const batchPartition = (runId: string): string => `batch|${runId}`;

/** Row key of an entry. Entries of one outcome stand together, so that a page of them is one query. */
export function entryRowKey(outcome: FreezeOutcome, keys: DropKeys): string {
  return `${outcome}|${keys.partitionKey}|${keys.rowKey}`;
}

/** Row of a drop in a batch. It repeats the drop, so that a batch is read with one query. */
export function entryRow(
  runId: string,
  { keys, drop, version, frozenPath }: Pick<BatchEntry, "keys" | "drop" | "version" | "frozenPath">,
  outcome: FreezeOutcome,
): NewRow {
  return {
    partitionKey: batchPartition(runId),
    rowKey: entryRowKey(outcome, keys),
    ...dropColumns(drop),
    outcome,
    version,
    frozenPath,
  };
}

/** The outcome that a row of before version 0.2 tells in a column, and not in its key. */
function outcomeOf(row: Row): FreezeOutcome {
  const outcome = row["outcome"];
  return typeof outcome === "string" && outcome !== "" ? (outcome as FreezeOutcome) : "todo";
}

export function toBatchEntry(row: Row): BatchEntry {
  const parts = row.rowKey.split("|");
  return {
    keys: { partitionKey: parts.at(-2) ?? "", rowKey: parts.at(-1) ?? "" },
    drop: toDropRecord(row),
    outcome: outcomeOf(row),
    version: typeof row["version"] === "number" ? row["version"] : 0,
    frozenPath: typeof row["frozenPath"] === "string" ? row["frozenPath"] : "",
    rowKey: row.rowKey,
    rowEtag: row.etag,
  };
}
