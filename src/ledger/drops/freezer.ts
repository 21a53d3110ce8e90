import { readableInPlace } from "../../domain/frozen-name";
import { unreadable, type DropRecord } from "../../domain/drop";
import { StorageError, type BlobHead, type BlobPort } from "../ports";

/** What became of the bytes of one drop. */
export type FrozenBytes =
  | { readonly kind: "frozen"; readonly frozenPath: string }
  | { readonly kind: "superseded" | "vanished" }
  /** The service goes on copying. */
  | { readonly kind: "copying" }
  /** The copy failed, and another try may do better. */
  | { readonly kind: "failed"; readonly fault: string }
  /** Nobody will ever read these bytes. */
  | { readonly kind: "unfit"; readonly reason: string };

/** Metadata of a frozen copy that names the version it was made of. */
const SOURCE_ETAG = "sourceetag";

/** Error codes of a blob that no repetition makes readable. */
const UNFIT_CODES = new Set([
  "BlobArchived",
  "BlobBeingRehydrated",
  "BlobUsesCustomerSpecifiedEncryption",
  "BlobDoesNotUseCustomerSpecifiedEncryption",
  "BlobCustomerSpecifiedEncryptionMismatch",
  "InvalidBlobType",
  "InvalidResourceName",
  "InvalidUri",
]);

const faultOf = ({ status, code, message }: StorageError): string =>
  `${code ?? (status === 0 ? "no answer" : `HTTP ${status}`)}: ${message}`.slice(0, 500);

const isWhole = ({ copyStatus }: BlobHead): boolean => copyStatus === null || copyStatus === "success";

/** Copies drops on the server, on condition of their ETag, to a name that is written once. */
export class Freezer {
  constructor(
    private readonly blobs: BlobPort,
    private readonly batches: string,
  ) {}

  /**
   * Freezes one drop. The state of both blobs decides, never the error code alone: a copy that was answered too late, or made by
   * another execution, is found by its metadata.
   */
  async freeze(drop: DropRecord, target: string): Promise<FrozenBytes> {
    return this.guarded(async () => {
      const known = await this.look(drop, target);
      if (known !== null) return known;
      try {
        await this.blobs.copy(drop, { container: this.batches, path: target }, { [SOURCE_ETAG]: drop.etag });
      } catch (error) {
        const after = await this.look(drop, target);
        if (after !== null) return after;
        throw error;
      }
      // An asynchronous copy is not done yet; the next look tells.
      return (await this.look(drop, target)) ?? { kind: "copying" };
    });
  }

  /** A drop that is read in place, if its name lets Spark do so; otherwise it is copied. */
  async reference(drop: DropRecord, target: string): Promise<FrozenBytes> {
    if (!readableInPlace(drop.path)) return this.freeze(drop, target);
    return this.guarded(async () => {
      const gone = await this.sourceState(drop);
      return gone ?? { kind: "frozen", frozenPath: `${drop.container}/${drop.path}` };
    });
  }

  /**
   * Ends a copy that nobody will wait for any longer, and takes away what it left.
   * @returns the path of the frozen copy when the service had ended it well by then
   */
  async giveUp(drop: DropRecord, target: string): Promise<string | null> {
    const copy = await this.blobs.head(this.batches, target);
    if (copy?.copyStatus === "pending" && copy.copyId !== null)
      await this.blobs.abortCopy({ container: this.batches, path: target }, copy.copyId);
    const left = copy && (await this.blobs.head(this.batches, target));
    if (!left || left.copyStatus === "pending") return null;
    if (left.metadata[SOURCE_ETAG] === drop.etag && isWhole(left)) return `${this.batches}/${target}`;
    await this.blobs.remove(this.batches, target, left.etag);
    return null;
  }

  /** Throws when the storage answers nobody: then no single blob is to blame. */
  async proveStorage(container: string): Promise<void> {
    await this.blobs.head(container, "batchkeeper-probe");
    await this.blobs.head(this.batches, "batchkeeper-probe");
  }

  /** Null when there is no copy yet and the source still is the version that was claimed. */
  private async look(drop: DropRecord, target: string): Promise<FrozenBytes | null> {
    const copy = await this.blobs.head(this.batches, target);
    const made = copy && (await this.copyState(drop, copy, target));
    return made ?? this.sourceState(drop);
  }

  private async copyState(drop: DropRecord, copy: BlobHead, target: string): Promise<FrozenBytes | null> {
    if (copy.metadata[SOURCE_ETAG] !== drop.etag)
      return { kind: "failed", fault: `a blob of another origin is at ${this.batches}/${target}` };
    if (copy.copyStatus === "pending") return { kind: "copying" };
    if (isWhole(copy)) return { kind: "frozen", frozenPath: `${this.batches}/${target}` };
    // A copy that failed or was aborted left an empty blob of this name; a good one of a twin execution has another ETag.
    await this.blobs.remove(this.batches, target, copy.etag);
    return null;
  }

  /** Null when the source is the version that was claimed, and can be read. */
  private async sourceState(drop: DropRecord): Promise<FrozenBytes | null> {
    const source = await this.blobs.head(drop.container, drop.path);
    if (source === null) return { kind: "vanished" };
    if (source.etag !== drop.etag) return { kind: "superseded" };
    const reason = unreadable(source);
    return reason === null ? null : { kind: "unfit", reason };
  }

  private async guarded(work: () => Promise<FrozenBytes>): Promise<FrozenBytes> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      const fault = faultOf(error);
      return UNFIT_CODES.has(error.code ?? "") ? { kind: "unfit", reason: fault } : { kind: "failed", fault };
    }
  }
}
