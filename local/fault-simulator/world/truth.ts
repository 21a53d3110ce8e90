import type { StoredBlob } from "../ports/memory-blobs";
import type { DropNature } from "./plan";

/** One version of one blob that a source system put. */
export interface PutVersion {
  readonly path: string;
  readonly etag: string;
  readonly day: string;
  readonly version: number;
  readonly nature: DropNature;
  readonly putAt: number;
  /** When it was overwritten or deleted, and how; null while it is there. */
  gone: { readonly at: number; readonly how: "overwritten" | "deleted" } | null;
}

/** What really happened in the drops container. */
export class Truth {
  readonly versions = new Map<string, PutVersion>();

  /** The body that the version had. */
  readonly bodyOf = (etag: string): string | undefined => {
    const known = this.versions.get(etag);
    return known && JSON.stringify({ day: known.day, version: known.version });
  };

  /** A blob was overwritten or deleted. */
  changed(now: StoredBlob | null, before: StoredBlob | null, at: number): void {
    const known = before === null ? undefined : this.versions.get(before.etag);
    if (known) known.gone = { at, how: now === null ? "deleted" : "overwritten" };
  }
}
