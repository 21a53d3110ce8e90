import type { SeenDrop } from "./drop-rows";
import type { BlobPort } from "./ports";

/** What became of the bytes of one drop. */
export type FrozenBytes = "frozen" | "copying" | "superseded" | "vanished" | "later";

/** Metadata of a frozen copy that names the version it was made of. */
const SOURCE_ETAG = "sourceetag";

/** Copies drops on the server, on condition of their ETag, to a name that is written once. */
export class Freezer {
  constructor(
    private readonly blobs: BlobPort,
    private readonly batches: string,
  ) {}

  /**
   * Freezes one drop. The state of both blobs decides, never the error code: a copy that was answered too late, or made by another
   * execution, is found by its metadata. `later` means that another version of the path is already in this batch.
   */
  async freeze(drop: SeenDrop, target: string): Promise<FrozenBytes> {
    const known = await this.state(drop, target);
    if (known !== null) return known;
    try {
      await this.blobs.copy(drop, { container: this.batches, path: target }, { [SOURCE_ETAG]: drop.etag });
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
}
