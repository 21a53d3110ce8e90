import {
  StorageError,
  type BlobHead,
  type BlobName,
  type BlobPage,
  type BlobPort,
  type BlobVersion,
} from "../../../src/ledger/ports";
import type { Kernel } from "../kernel/kernel";
import type { Caller, Wire, WireCall } from "../kernel/wire";
import type { MemoryBlobs } from "./memory-blobs";

/** What a listing returns at once at most. */
const MAX_PAGE = 5000;

/** Blobs in memory behind the ledger's port: every call goes over the wire. */
export class SimulatedBlobs implements BlobPort {
  constructor(
    private readonly blobs: MemoryBlobs,
    private readonly caller: Caller,
    private readonly wire: Wire,
    private readonly kernel: Kernel,
    /** The error class of the code under test, which may be another copy than ours. */
    private readonly storageError: typeof StorageError = StorageError,
  ) {}

  head(container: string, path: string): Promise<BlobHead | null> {
    return this.call(
      "head",
      () => `${container}/${path}`,
      () => this.blobs.head(container, path),
    );
  }

  readText(container: string, path: string): Promise<string | null> {
    return this.call(
      "read",
      () => `${container}/${path}`,
      () => this.blobs.read(container, path),
    );
  }

  async readBytes(container: string, path: string): Promise<Uint8Array | null> {
    const text = await this.readText(container, path);
    return text === null ? null : Buffer.from(text, "latin1");
  }

  createJson(container: string, path: string, value: unknown): Promise<boolean> {
    const body = JSON.stringify(value);
    return this.call(
      "create",
      () => `${container}/${path}`,
      () => this.blobs.create(container, path, body),
      true,
    );
  }

  createBytes(
    container: string,
    path: string,
    bytes: Uint8Array,
    metadata: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    const body = Buffer.from(bytes).toString("latin1");
    const create = (): boolean => this.blobs.create(container, path, body, { metadata, size: bytes.length });
    return this.call("create", () => `${container}/${path}`, create, true);
  }

  putJson(container: string, path: string, value: unknown): Promise<void> {
    const body = JSON.stringify(value);
    return this.call(
      "put",
      () => `${container}/${path}`,
      () => void this.blobs.put(container, path, body),
      true,
    );
  }

  remove(container: string, path: string, ifEtag?: string): Promise<boolean> {
    return this.call(
      "remove",
      () => `${container}/${path}`,
      () => this.blobs.remove(container, path, ifEtag),
      true,
    );
  }

  async *list(container: string, options: Parameters<BlobPort["list"]>[1] = {}): AsyncGenerator<BlobPage> {
    const { prefix = "", from = "", pageSize = MAX_PAGE } = options;
    for (let at: string | null = from; at !== null;) {
      const begin: string = at;
      // The service may end a page anywhere and hand out a continuation.
      const cut = this.kernel.latency.happens(0.1) ? this.kernel.latency.whole(1, 5) : pageSize;
      const size = Math.min(cut, pageSize);
      const page: BlobPage = await this.call(
        "list",
        () => `${container} ${prefix}`,
        () => this.blobs.page(container, prefix, begin, size),
      );
      yield page;
      at = page.next;
    }
  }

  copy(source: BlobVersion, target: BlobName, metadata: Readonly<Record<string, string>>): Promise<"done" | "pending"> {
    const what = () => `${source.container}/${source.path} to ${target.container}/${target.path}`;
    return this.call("copy", what, () => this.blobs.copy(source, target, metadata), true);
  }

  abortCopy(target: BlobName, copyId: string): Promise<void> {
    return this.call(
      "abort",
      () => `${target.container}/${target.path}`,
      () => this.blobs.endCopy(target, copyId, "aborted"),
    );
  }

  private call<T>(verb: string, what: () => string, effect: () => T, repeatable = false): Promise<T> {
    const StorageFault = this.storageError;
    const fault = (answered: boolean): Error =>
      answered
        ? new StorageFault(500, "OperationTimedOut", "timed out")
        : new StorageFault(503, "ServerBusy", "The server is busy.");
    const own = (): T => {
      try {
        return effect();
      } catch (error) {
        if (error instanceof StorageError) throw new StorageFault(error.status, error.code, error.message);
        throw error;
      }
    };
    const call: WireCall<T> = { port: "blob", verb, what, effect: own, fault, repeatable };
    return this.wire.call(this.caller, call);
  }
}
