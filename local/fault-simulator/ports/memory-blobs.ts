import {
  StorageError,
  type BlobHead,
  type BlobName,
  type BlobVersion,
  type ListedBlob,
} from "../../../src/ledger/ports";

/** A stored blob. Bodies are text; drops carry a short text that stands for their bytes and say their size apart. */
export interface StoredBlob {
  readonly etag: string;
  readonly body: string;
  readonly size: number;
  readonly lastModified: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly accessTier: string;
  readonly customerKey: boolean;
  copyStatus: string | null;
  readonly copyId: string | null;
  /** What the pending copy will hold when it ends well. */
  readonly copied: string | null;
  copyMessage: string | null;
}

/** What a source system may say of the blob that it puts. */
export interface PutOptions {
  readonly size?: number;
  readonly accessTier?: string;
  readonly customerKey?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Above this size a copy goes on after the call, as with the real client. */
const SYNC_COPY_BYTES = 256 * 1024 * 1024;
const MAX_NAME = 1024;

/** The blobs of one account. Every method is one undivided moment. */
export class MemoryBlobs {
  private readonly containers = new Map<string, Map<string, StoredBlob>>();
  private tag = 0;

  /** Told of every change: the blob as it is now, or null when it was deleted. */
  onChange: (container: string, path: string, now: StoredBlob | null, before: StoredBlob | null) => void = () =>
    undefined;
  /** Told of a copy that was begun and goes on; somebody has to end it. */
  onPendingCopy: (target: BlobName, copyId: string, source: BlobVersion) => void = () => undefined;

  constructor(private readonly now: () => Date) {}

  get(container: string, path: string): StoredBlob | null {
    return this.containers.get(container)?.get(path) ?? null;
  }

  put(container: string, path: string, body: string, options: PutOptions = {}): StoredBlob {
    return this.store(container, path, {
      ...this.fresh(body, options.metadata ?? {}),
      size: options.size ?? Buffer.byteLength(body),
      accessTier: options.accessTier ?? "Hot",
      customerKey: options.customerKey ?? false,
    });
  }

  create(container: string, path: string, body: string, options: PutOptions = {}): boolean {
    checkName(path);
    if (this.get(container, path) !== null) return false;
    this.put(container, path, body, options);
    return true;
  }

  remove(container: string, path: string, ifEtag?: string): boolean {
    const before = this.get(container, path);
    if (before === null || (ifEtag !== undefined && before.etag !== ifEtag)) return false;
    if (before.copyStatus === "pending")
      throw new StorageError(409, "PendingCopyOperation", "There is a pending copy.");
    this.containers.get(container)?.delete(path);
    this.onChange(container, path, null, before);
    return true;
  }

  head(container: string, path: string): BlobHead | null {
    const blob = this.get(container, path);
    return blob && headOf(blob);
  }

  read(container: string, path: string): string | null {
    return this.get(container, path)?.body ?? null;
  }

  page(container: string, prefix: string, from: string, size: number): { blobs: ListedBlob[]; next: string | null } {
    const paths = [...(this.containers.get(container)?.keys() ?? [])].sort();
    const wanted = paths.filter((path) => path.startsWith(prefix) && path >= from);
    const blobs = wanted.slice(0, size).map((path) => ({ path, ...headOf(this.get(container, path) as StoredBlob) }));
    return { blobs, next: wanted[size] ?? null };
  }

  copy(source: BlobVersion, target: BlobName, metadata: Readonly<Record<string, string>>): "done" | "pending" {
    checkName(target.path);
    const blob = this.get(source.container, source.path);
    if (blob === null) throw new StorageError(404, "CannotVerifyCopySource", "The specified blob does not exist.");
    if (blob.customerKey)
      throw new StorageError(409, "CannotVerifyCopySource", "The source is encrypted with a customer key.");
    if (blob.accessTier === "Archive")
      throw new StorageError(409, "BlobArchived", "This operation is not permitted on an archived blob.");
    if (blob.etag !== source.etag)
      throw new StorageError(412, "SourceConditionNotMet", "The source condition is not met.");
    if (this.get(target.container, target.path) !== null)
      throw new StorageError(409, "BlobAlreadyExists", "The specified blob already exists.");
    const pending = source.size > SYNC_COPY_BYTES;
    const copyId = `copy-${this.tag + 1}`;
    this.store(target.container, target.path, {
      ...this.fresh(pending ? "" : blob.body, metadata),
      size: pending ? 0 : blob.size,
      ...(pending ? { copyStatus: "pending", copyId, copied: blob.body } : {}),
    });
    if (pending) this.onPendingCopy(target, copyId, source);
    return pending ? "pending" : "done";
  }

  /** Ends a pending copy, for better or worse. A copy keeps its entity tag while it is pending and gets a new one at its end. */
  endCopy({ container, path }: BlobName, copyId: string, ending: "success" | "failed" | "aborted"): void {
    const blob = this.get(container, path);
    if (blob?.copyStatus !== "pending" || blob.copyId !== copyId) return;
    const body = ending === "success" ? (blob.copied ?? "") : "";
    this.store(container, path, {
      ...blob,
      ...this.fresh(body, blob.metadata),
      size: Buffer.byteLength(body),
      copyStatus: ending,
      copyId,
      copyMessage: ending === "failed" ? "500 InternalError copy failed" : null,
    });
  }

  /** Paths of a container, for the checks. */
  *all(container: string): Generator<[string, StoredBlob]> {
    for (const path of [...(this.containers.get(container)?.keys() ?? [])].sort())
      yield [path, this.get(container, path) as StoredBlob];
  }

  private fresh(body: string, metadata: Readonly<Record<string, string>>): StoredBlob {
    return {
      etag: `0x8D${(this.tag += 1).toString(16).toUpperCase().padStart(12, "0")}`,
      body,
      size: Buffer.byteLength(body),
      lastModified: this.now().toISOString(),
      metadata,
      accessTier: "Hot",
      customerKey: false,
      copyStatus: null,
      copyId: null,
      copied: null,
      copyMessage: null,
    };
  }

  private store(container: string, path: string, blob: StoredBlob): StoredBlob {
    let blobs = this.containers.get(container);
    if (!blobs) {
      blobs = new Map();
      this.containers.set(container, blobs);
    }
    const before = blobs.get(path) ?? null;
    blobs.set(path, blob);
    this.onChange(container, path, blob, before);
    return blob;
  }
}

function headOf({ etag, size, lastModified, metadata, accessTier, customerKey, ...copy }: StoredBlob): BlobHead {
  const { copyStatus, copyId, copyMessage } = copy;
  return {
    etag,
    size,
    lastModified,
    metadata,
    blobType: "BlockBlob",
    accessTier,
    customerKey,
    copyStatus,
    copyId,
    copyMessage,
  };
}

function checkName(path: string): void {
  if (path.length > MAX_NAME)
    throw new StorageError(400, "InvalidResourceName", "The specified resource name is too long.");
}
