import type { DropRecord } from "../../domain/drop";
import type { Decision, SetAsideEntry } from "../../domain/quarantine";
import { dropKeys } from "../../ledger/drops/drop-rows";
import type { SetAside } from "../../ledger/quarantine-store";

/** Something in quarantine. */
export interface QuarantineItem {
  /** Fit for a path of an URL. */
  readonly id: string;
  /** A drop that no run could take, a file that ingestion could not read, or rows of a file that broke a rule. */
  readonly kind: "drop" | "file" | "rows";
  readonly pipeline: string;
  readonly path: string;
  readonly etag: string;
  /** Empty for a drop that fits no pattern. */
  readonly source: string;
  /** The run that set it aside; null for a drop that never came into a run. */
  readonly runId: string | null;
  /** Rows that were set aside; 0 for a drop or a whole file. */
  readonly rows: number;
  /** The rule that it broke first, or why nobody can read it. */
  readonly reason: string;
  readonly foundAt: string;
  readonly decision: Decision | null;
}

/** An item with what is shown of it. */
export interface ShownItem {
  readonly item: QuarantineItem;
  /** First line of the file; null when it is not known. */
  readonly header: string | null;
  /** The first rows of the file that were set aside. */
  readonly entries: readonly SetAsideEntry[];
}

const DROP = "drop.";

/** Keys of the drop that an id names; null for the id of a file or its rows. */
export function dropKeysOf(id: string): { partitionKey: string; rowKey: string } | null {
  if (!id.startsWith(DROP)) return null;
  const [partitionKey = "", rowKey = ""] = id.slice(DROP.length).split(".");
  return { partitionKey, rowKey };
}

export function itemOfDrop(drop: DropRecord): QuarantineItem {
  const { pipeline, path, etag, source, runId, reason, seenAt, decision = null } = drop;
  const { partitionKey, rowKey } = dropKeys(drop.container, path, etag);
  const id = `${DROP}${partitionKey}.${rowKey}`;
  const facts = { pipeline, path, etag, source, runId, rows: 0, reason: reason ?? "", foundAt: seenAt, decision };
  return { id, kind: "drop", ...facts };
}

export function itemOfSetAside({ whole, rule, ...item }: SetAside): QuarantineItem {
  return { ...item, kind: whole ? "file" : "rows", reason: rule };
}
