/** What became of a drop. `claimed` is passing; the last four are final. */
export type DropState = "pending" | "claimed" | "batched" | "superseded" | "vanished" | "quarantined";

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
  /** The run whose batch holds it. */
  readonly runId: string | null;
  readonly seenAt: string;
}
