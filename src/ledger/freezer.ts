import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
  type BlobServiceClient,
  type BlockBlobClient,
} from "@azure/storage-blob";
import type { BlobStore } from "./blob-store";
import type { SeenDrop } from "./drop-rows";

/** What became of the bytes of one drop. */
export type FrozenBytes = "frozen" | "copying" | "superseded" | "vanished" | "later";

/** Largest blob that one synchronous copy takes. */
const SYNC_COPY_BYTES = 256 * 1024 * 1024;
const SAS_MINUTES = 60;
/** Metadata of a frozen copy that names the version it was made of. */
const SOURCE_ETAG = "sourceetag";

interface DelegationKey {
  readonly key: Awaited<ReturnType<BlobServiceClient["getUserDelegationKey"]>>;
  readonly expiresAt: number;
}

/** Copies drops on the server, on condition of their ETag, to a name that is written once. */
export class Freezer {
  private delegation: DelegationKey | undefined;

  constructor(
    private readonly blobs: BlobStore,
    private readonly batches: string,
    private readonly now: () => Date,
  ) {}

  /**
   * Freezes one drop. The state of both blobs decides, never the error code: a copy that was answered too late, or made by another
   * execution, is found by its metadata. `later` means that another version of the path is already in this batch.
   */
  async freeze(drop: SeenDrop, target: string): Promise<FrozenBytes> {
    await this.blobs.open(this.batches);
    const known = await this.state(drop, target);
    if (known !== null) return known;
    try {
      await this.copy(drop, target);
    } catch (error) {
      const after = await this.state(drop, target);
      if (after !== null) return after;
      throw error;
    }
    // An asynchronous copy is not done yet; the next look tells.
    return (await this.state(drop, target)) ?? "copying";
  }

  /** Checks a drop that is read in place: same version or not. */
  async reference(drop: SeenDrop): Promise<FrozenBytes> {
    const source = await this.blobs.head(drop.container, drop.path);
    if (source === null) return "vanished";
    return source.etag === drop.etag ? "frozen" : "superseded";
  }

  /** Null when there is no copy yet and the source still is the version that was claimed. */
  private async state(drop: SeenDrop, target: string): Promise<FrozenBytes | null> {
    const copy = await this.blobs.head(this.batches, target);
    if (copy?.metadata[SOURCE_ETAG] === drop.etag) {
      if (copy.copyStatus === "pending") return "copying";
      if (copy.copyStatus === null || copy.copyStatus === "success") return "frozen";
      // A copy that failed or was aborted left an empty blob of this name.
      await this.blobs.remove(this.batches, target);
    }
    const source = await this.blobs.head(drop.container, drop.path);
    if (source === null) return "vanished";
    if (source.etag !== drop.etag) return "superseded";
    return copy !== null && copy.metadata[SOURCE_ETAG] !== drop.etag ? "later" : null;
  }

  private async copy(drop: SeenDrop, target: string): Promise<void> {
    const destination = this.blobs.service.getContainerClient(this.batches).getBlockBlobClient(target);
    const source = this.blobs.service.getContainerClient(drop.container).getBlockBlobClient(drop.path);
    const url = await this.signedUrl(source, drop);
    const options = {
      conditions: { ifNoneMatch: "*" },
      sourceConditions: { ifMatch: `"${drop.etag}"` },
      metadata: { [SOURCE_ETAG]: drop.etag },
    };
    if (drop.size <= SYNC_COPY_BYTES) await destination.syncCopyFromURL(url, options);
    else await destination.beginCopyFromURL(url, options);
  }

  /** The source with a short read-only signature: of the account key, or of a user delegation key when an identity signs in. */
  private async signedUrl(source: BlockBlobClient, drop: SeenDrop): Promise<string> {
    const { service } = this.blobs;
    const startsOn = new Date(this.now().getTime() - 5 * 60_000);
    const expiresOn = new Date(this.now().getTime() + SAS_MINUTES * 60_000);
    const permissions = BlobSASPermissions.parse("r");
    if (service.credential instanceof StorageSharedKeyCredential)
      return source.generateSasUrl({ permissions, startsOn, expiresOn });
    const values = { containerName: drop.container, blobName: drop.path, permissions, startsOn, expiresOn };
    const signature = generateBlobSASQueryParameters(values, await this.delegationKey(), service.accountName);
    return `${source.url}?${signature.toString()}`;
  }

  private async delegationKey(): Promise<DelegationKey["key"]> {
    const now = this.now().getTime();
    if (this.delegation === undefined || this.delegation.expiresAt < now + SAS_MINUTES * 60_000) {
      const expiresAt = now + 4 * SAS_MINUTES * 60_000;
      const key = await this.blobs.service.getUserDelegationKey(new Date(now - 5 * 60_000), new Date(expiresAt));
      this.delegation = { key, expiresAt };
    }
    return this.delegation.key;
  }
}
