import type { Decision } from "./quarantine";

/** What became of a drop. `claimed` is passing; the last four are final. */
export type DropState = "pending" | "claimed" | "batched" | "superseded" | "vanished" | "quarantined";

export const DROP_STATES: readonly DropState[] = [
  "pending",
  "claimed",
  "batched",
  "superseded",
  "vanished",
  "quarantined",
];

/** Blob of a drops container that only shows that its events arrive: it is recorded, and no batch holds it. */
export const PROBE_PATH = ".batchkeeper/probe";

/** One version (path and ETag) of one blob in a drops container. */
export interface DropRecord {
  readonly pipeline: string;
  readonly container: string;
  readonly path: string;
  readonly source: string;
  readonly etag: string;
  readonly size: number;
  readonly lastModified: string;
  readonly state: DropState;
  /** Why the drop is where it is; null while pending. */
  readonly reason: string | null;
  /** The run that claimed it, whose batch holds it, or that found it superseded, vanished or unfit. */
  readonly runId: string | null;
  readonly seenAt: string;
  /** What a person decided of a quarantined one; absent while nobody has. */
  readonly decision?: Decision;
}

/** What a HEAD tells that decides whether a blob is a drop. */
export interface BlobState {
  readonly size: number;
  readonly lastModified: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly blobType: string;
  readonly accessTier: string | null;
  readonly customerKey: boolean;
  readonly copyStatus: string | null;
  readonly copyMessage: string | null;
}

/** Why a blob is not yet what its writer will make of it. */
export type Unfinished = "empty" | "copying" | "growing";

/** True for what stands for a folder: accounts with a hierarchical namespace list folders among their blobs. */
export function isFolder(path: string, { size, metadata }: Pick<BlobState, "size" | "metadata">): boolean {
  const mark = Object.entries(metadata).some(
    ([name, value]) => name.toLowerCase() === "hdi_isfolder" && value.toLowerCase() === "true",
  );
  return mark || (size === 0 && path.endsWith("/"));
}

/**
 * What a blob still waits for. Data Lake Storage tells of a file when it is created, before a byte is in it, and of a copy when it
 * begins; an append blob is told of once and then grows.
 */
export function unfinished({ size, blobType, copyStatus }: BlobState): Unfinished | null {
  if (copyStatus === "pending") return "copying";
  if (size === 0) return "empty";
  return blobType === "AppendBlob" ? "growing" : null;
}

/** Why nobody can read the bytes of a blob, or null. */
export function unreadable({ size, accessTier, customerKey, copyStatus, copyMessage }: BlobState): string | null {
  if (customerKey) return "the blob is encrypted with a key of its writer (customer-provided key)";
  if (accessTier === "Archive")
    return "the blob is in the archive tier, which cannot be read: bring it back to an online tier, then write it again";
  if (size === 0 && (copyStatus === "failed" || copyStatus === "aborted"))
    return `the copy that should have made the blob ${copyStatus}: ${copyMessage ?? "no reason given"}`;
  return null;
}
