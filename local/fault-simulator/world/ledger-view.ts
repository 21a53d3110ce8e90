import type { Row } from "../../../src/ledger/ports";
import type { MemoryTable } from "../ports/memory-table";

/** The ledger's rows as anybody with access to the storage account sees them, told by their columns. */
export interface LedgerView {
  readonly runs: Map<string, Row>;
  /** By `<run id> <ordinal> <generation>`. */
  readonly generations: Map<string, Row>;
  /** By `<path> <ETag>`. */
  readonly drops: Map<string, Row>;
}

export const textOf = (row: Row, column: string): string => {
  const value = row[column];
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
};

/** What a row is about. */
export function kindOf(row: Row): "run" | "generation" | "drop" | "other" {
  if (typeof row["idempotencyToken"] === "string" && row["generation"] !== undefined) return "generation";
  if (typeof row["definition"] === "string" && typeof row["state"] === "string") return "run";
  return row["kind"] === "drop" ? "drop" : "other";
}

export const generationKey = (row: Row): string =>
  `${textOf(row, "runId")} ${textOf(row, "ordinal")} ${textOf(row, "generation")}`;
export const dropKey = (path: string, etag: string): string => `${path} ${etag.replaceAll('"', "")}`;

/** Keeps the view in step with a row that was written. */
export function note(view: LedgerView, row: Row): void {
  const kind = kindOf(row);
  if (kind === "run") view.runs.set(textOf(row, "runId"), row);
  else if (kind === "generation") view.generations.set(generationKey(row), row);
  else if (kind === "drop") view.drops.set(dropKey(textOf(row, "path"), textOf(row, "blobEtag")), row);
}

const CLOSED = new Set(["succeeded", "failed", "cancelled", "not_ready", "nothing_to_do"]);
export const isClosedRun = (row: Row): boolean => CLOSED.has(textOf(row, "state"));

/** Slots that somebody holds, and who waits, by group. */
export function slotsOf(tables: Iterable<MemoryTable>): { group: string; holder: string; waiting: string[] }[] {
  const groups = new Map<string, { group: string; holder: string; waiting: string[] }>();
  for (const table of tables)
    for (const row of table.all()) {
      if (typeof row["holder"] !== "string") continue;
      const group = groups.get(row.partitionKey) ?? { group: row.partitionKey, holder: "", waiting: [] };
      if (row.rowKey === "slot") group.holder = row["holder"];
      else if (row.rowKey.startsWith("ticket|")) group.waiting.push(row["holder"]);
      groups.set(row.partitionKey, group);
    }
  return [...groups.values()];
}
