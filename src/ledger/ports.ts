/** What the ledger asks of a storage account. Nothing above these two ports knows a storage client, a filter language or an URL. */

/** A stored row: keys, entity tag and flat columns (text, numbers, booleans). */
export type Row = Readonly<Record<string, unknown>> & {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly etag: string;
};
/** A row to write. A column left out of a merge keeps its value; no column can be removed but by `put`. */
export type NewRow = Readonly<Record<string, unknown>> & { readonly partitionKey: string; readonly rowKey: string };

/** One operation of a transaction; `expect` is the entity tag that the row must still have. */
export type RowChange =
  | { readonly kind: "insert"; readonly row: NewRow }
  | { readonly kind: "merge"; readonly row: NewRow; readonly expect: string }
  /** Unguarded, but an absent row is a conflict: put a guarded change of another row into the same transaction. */
  | { readonly kind: "delete"; readonly partitionKey: string; readonly rowKey: string };

/** Partitions by key: `from` inclusive, `after` and `before` exclusive. */
export interface PartitionRange {
  readonly from?: string;
  readonly after?: string;
  readonly before: string;
}

/** Rows by key: one partition or several, and in each the same span of row keys. */
export interface RowRange {
  readonly partition: string | PartitionRange;
  /** Row keys from here, inclusive. */
  readonly from?: string;
  /** Row keys after this one, exclusive. */
  readonly after?: string;
  /** Row keys before this one, exclusive. */
  readonly before?: string;
  /** Rows at most; all without it. */
  readonly limit?: number;
}

/** One table. Conflicts are answers (`false`), faults of the storage are thrown. */
export interface TablePort {
  get(partitionKey: string, rowKey: string): Promise<Row | null>;
  /** Inserts; false when the row is there already. */
  insert(row: NewRow): Promise<boolean>;
  /** Merges columns into a row that still has the entity tag; false when it changed or is gone. */
  merge(row: NewRow, expect: string): Promise<boolean>;
  /** Inserts or replaces; for rows of which every writer writes the same. */
  put(row: NewRow): Promise<void>;
  /** Inserts, or sets just these columns; for rows in which every column stands alone. */
  set(row: NewRow): Promise<void>;
  /** Deletes; false when the row is gone, or no longer has the entity tag that is asked for. */
  remove(partitionKey: string, rowKey: string, expect?: string): Promise<boolean>;
  /** Applies up to 100 changes of one partition or none; false on a conflict. A row occurs once. */
  transact(changes: readonly RowChange[]): Promise<boolean>;
  /** Rows in key order: partition key, then row key, by their code units. Rows that change meanwhile may be seen or not. */
  query(range: RowRange): AsyncIterable<Row>;
}

/** What a HEAD of a blob says. */
export interface BlobHead {
  /** Without quotes. */
  readonly etag: string;
  readonly size: number;
  readonly lastModified: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** `BlockBlob`, `AppendBlob` or `PageBlob`. */
  readonly blobType: string;
  /** `Hot`, `Cool`, `Cold`, `Archive`; null where the account has none. */
  readonly accessTier: string | null;
  /** True when the blob is encrypted with a key that its writer keeps: nobody else can read it. */
  readonly customerKey: boolean;
  /** `pending`, `success`, `failed` or `aborted` for a blob that was made by an asynchronous copy; else null. */
  readonly copyStatus: string | null;
  readonly copyId: string | null;
  readonly copyMessage: string | null;
}

/** A blob as a listing names it. */
export interface ListedBlob extends BlobHead {
  readonly path: string;
}

/** A page of a listing. */
export interface BlobPage {
  readonly blobs: readonly ListedBlob[];
  /** Where the next page begins; null behind the last one. It outlives the process. */
  readonly next: string | null;
}

/** What to list. */
export interface ListOptions {
  readonly prefix?: string;
  /** The `next` of a page. */
  readonly from?: string;
  /** Blobs of one page at most, up to 5000, which is the default. */
  readonly pageSize?: number;
}

/** One version of a blob. `size` in bytes tells how it is best copied. */
export interface BlobVersion {
  readonly container: string;
  readonly path: string;
  readonly etag: string;
  readonly size: number;
}

/** A place for a blob. */
export interface BlobName {
  readonly container: string;
  readonly path: string;
}

/** A storage service refused or failed: HTTP status (0 without an answer) and its error code, as far as it gave one. */
export class StorageError extends Error {
  override readonly name = "StorageError";

  constructor(
    readonly status: number,
    readonly code: string | null,
    message: string,
  ) {
    super(message);
  }
}

/** Blobs of one account. Containers that are written to are created on first use. Faults are thrown as `StorageError`. */
export interface BlobPort {
  /** Null when there is no such blob or container. */
  head(container: string, path: string): Promise<BlobHead | null>;
  readText(container: string, path: string): Promise<string | null>;
  readBytes(container: string, path: string): Promise<Uint8Array | null>;
  /** Writes a blob that never changes again; false when it is there already. */
  createJson(container: string, path: string, value: unknown): Promise<boolean>;
  /** Writes bytes once, with exactly this metadata (ASCII); false when a blob of this name is there already. */
  createBytes(
    container: string,
    path: string,
    bytes: Uint8Array,
    metadata: Readonly<Record<string, string>>,
  ): Promise<boolean>;
  /** Writes a blob of which every writer writes the same. */
  putJson(container: string, path: string, value: unknown): Promise<void>;
  /** Deletes; false when the blob is gone, or no longer has the ETag that is asked for. */
  remove(container: string, path: string, ifEtag?: string): Promise<boolean>;
  /** Pages of a container in path order, from a page's `next` on; a container that does not exist is empty. */
  list(container: string, options?: ListOptions): AsyncIterable<BlobPage>;
  /**
   * Copies on the server, on condition that the source still has its ETag and that nothing has the target's name; sets exactly this
   * metadata. `pending` means that the copy goes on; the target's HEAD tells when it ends.
   */
  copy(source: BlobVersion, target: BlobName, metadata: Readonly<Record<string, string>>): Promise<"done" | "pending">;
  /** Ends a pending copy, which leaves an empty target; one that has ended is left alone. */
  abortCopy(target: BlobName, copyId: string): Promise<void>;
}
