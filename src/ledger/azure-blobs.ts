import { RestError, type BlobServiceClient, type ContainerListBlobFlatSegmentResponse } from "@azure/storage-blob";
import {
  StorageError,
  type BlobHead,
  type BlobName,
  type BlobPage,
  type BlobPort,
  type BlobVersion,
  type ListedBlob,
  type ListOptions,
} from "./ports";
import { SourceSigner } from "./source-signer";

/** Largest blob that one synchronous copy takes. */
const SYNC_COPY_BYTES = 256 * 1024 * 1024;
/** Blobs that the service lists at once at most. */
const MAX_PAGE = 5000;
/** A HEAD of a blob whose key only its writer has is refused; a listing shows it. */
const CUSTOMER_KEY_CODES = new Set([
  "BlobUsesCustomerSpecifiedEncryption",
  "BlobDoesNotUseCustomerSpecifiedEncryption",
]);

type ListedItem = ContainerListBlobFlatSegmentResponse["segment"]["blobItems"][number];

const bare = (etag: string | undefined): string => (etag ?? "").replaceAll('"', "");

/** A fault without the request it came of, whose headers may carry a signature. */
function toStorageError(error: unknown): StorageError {
  if (!(error instanceof RestError)) return new StorageError(0, null, (error as Error).message);
  // The answer to a HEAD has no body: its error code is in a header.
  const code = error.response?.headers.get("x-ms-error-code") ?? error.code ?? null;
  return new StorageError(error.statusCode ?? 0, code, error.message.split("\n")[0] ?? "");
}

function toListed({ name, properties, metadata = {} }: ListedItem): ListedBlob {
  return {
    path: name,
    etag: bare(properties.etag),
    size: properties.contentLength ?? 0,
    lastModified: properties.lastModified.toISOString(),
    metadata,
    blobType: properties.blobType ?? "BlockBlob",
    accessTier: properties.accessTier ?? null,
    customerKey: properties.customerProvidedKeySha256 !== undefined,
    copyStatus: properties.copyStatus ?? null,
    copyId: properties.copyId ?? null,
    copyMessage: properties.copyStatusDescription ?? null,
  };
}

/** Blobs of an account in Azure Storage. */
export class AzureBlobs implements BlobPort {
  private readonly opened = new Map<string, Promise<unknown>>();
  private readonly signer: SourceSigner;

  constructor(
    private readonly service: BlobServiceClient,
    now: () => Date,
  ) {
    this.signer = new SourceSigner(service, now);
  }

  async head(container: string, path: string): Promise<BlobHead | null> {
    try {
      const found = await this.service.getContainerClient(container).getBlobClient(path).getProperties();
      return {
        etag: bare(found.etag),
        size: found.contentLength ?? 0,
        lastModified: (found.lastModified ?? new Date(0)).toISOString(),
        metadata: found.metadata ?? {},
        blobType: found.blobType ?? "BlockBlob",
        accessTier: found.accessTier ?? null,
        customerKey: false,
        copyStatus: found.copyStatus ?? null,
        copyId: found.copyId ?? null,
        copyMessage: found.copyStatusDescription ?? null,
      };
    } catch (error) {
      const fault = toStorageError(error);
      if (fault.status === 404) return null;
      if (CUSTOMER_KEY_CODES.has(fault.code ?? "")) return this.listed(container, path);
      throw fault;
    }
  }

  async readText(container: string, path: string): Promise<string | null> {
    return (await this.readBytes(container, path))?.toString("utf8") ?? null;
  }

  async readBytes(container: string, path: string): Promise<Buffer | null> {
    return this.orAbsent(null, async () =>
      this.service.getContainerClient(container).getBlobClient(path).downloadToBuffer(),
    );
  }

  async createJson(container: string, path: string, value: unknown): Promise<boolean> {
    return this.once(async () => this.upload(container, path, value, true));
  }

  async createBytes(
    container: string,
    path: string,
    bytes: Uint8Array,
    metadata: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    return this.once(async () => {
      await this.open(container);
      const options = { metadata: { ...metadata }, conditions: { ifNoneMatch: "*" } };
      await this.service.getContainerClient(container).getBlockBlobClient(path).upload(bytes, bytes.length, options);
    });
  }

  async putJson(container: string, path: string, value: unknown): Promise<void> {
    await this.calling(async () => this.upload(container, path, value, false));
  }

  async remove(container: string, path: string, ifEtag?: string): Promise<boolean> {
    const conditions = ifEtag === undefined ? {} : { conditions: { ifMatch: `"${ifEtag}"` } };
    try {
      await this.service.getContainerClient(container).getBlobClient(path).delete(conditions);
      return true;
    } catch (error) {
      const fault = toStorageError(error);
      if (fault.status === 404 || fault.status === 412) return false;
      throw fault;
    }
  }

  async *list(container: string, { prefix, from, pageSize = MAX_PAGE }: ListOptions = {}): AsyncGenerator<BlobPage> {
    const blobs = this.service.getContainerClient(container).listBlobsFlat({
      includeMetadata: true,
      includeCopy: true,
      ...(prefix === undefined ? {} : { prefix }),
    });
    const pages = blobs
      .byPage({
        maxPageSize: pageSize,
        ...(from === undefined ? {} : { continuationToken: from }),
      })
      [Symbol.asyncIterator]();
    for (;;) {
      const page = await this.orAbsent(null, async () => pages.next());
      if (page === null || page.done) return;
      const { segment, continuationToken } = page.value;
      yield { blobs: segment.blobItems.map(toListed), next: continuationToken || null };
    }
  }

  async copy(
    version: BlobVersion,
    target: BlobName,
    metadata: Readonly<Record<string, string>>,
  ): Promise<"done" | "pending"> {
    return this.calling(async () => {
      await this.open(target.container);
      const destination = this.service.getContainerClient(target.container).getBlockBlobClient(target.path);
      const url = await this.signer.urlOf(version);
      const options = {
        conditions: { ifNoneMatch: "*" },
        sourceConditions: { ifMatch: `"${version.etag}"` },
        metadata: { ...metadata },
      };
      if (version.size <= SYNC_COPY_BYTES) {
        await destination.syncCopyFromURL(url, options);
        return "done";
      }
      const poller = await destination.beginCopyFromURL(url, options);
      return poller.getOperationState().result?.copyStatus === "success" ? "done" : "pending";
    });
  }

  async abortCopy(target: BlobName, copyId: string): Promise<void> {
    try {
      await this.service.getContainerClient(target.container).getBlobClient(target.path).abortCopyFromURL(copyId);
    } catch (error) {
      const fault = toStorageError(error);
      // 404: gone; 409 and 412: nothing is pending there.
      if (fault.status !== 404 && fault.status !== 409 && fault.status !== 412) throw fault;
    }
  }

  private async listed(container: string, path: string): Promise<BlobHead | null> {
    for await (const { blobs } of this.list(container, { prefix: path })) {
      const found = blobs.find((blob) => blob.path === path);
      if (found) return { ...found, customerKey: true };
    }
    return null;
  }

  /** False when something of the name is there already. */
  private async once(create: () => Promise<void>): Promise<boolean> {
    try {
      await create();
      return true;
    } catch (error) {
      const fault = toStorageError(error);
      if (fault.status === 409 || fault.status === 412) return false;
      throw fault;
    }
  }

  private async calling<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw error instanceof StorageError ? error : toStorageError(error);
    }
  }

  private async orAbsent<T>(absent: T, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const fault = toStorageError(error);
      if (fault.status === 404) return absent;
      throw fault;
    }
  }

  /** Creates the container if need be; once for a process. */
  private async open(container: string): Promise<void> {
    const pending = this.opened.get(container) ?? this.service.getContainerClient(container).createIfNotExists();
    this.opened.set(container, pending);
    try {
      await pending;
    } catch (error) {
      this.opened.delete(container);
      throw error;
    }
  }

  private async upload(container: string, path: string, value: unknown, createOnly: boolean): Promise<void> {
    await this.open(container);
    const body = JSON.stringify(value);
    await this.service
      .getContainerClient(container)
      .getBlockBlobClient(path)
      .upload(body, Buffer.byteLength(body), {
        blobHTTPHeaders: { blobContentType: "application/json" },
        ...(createOnly ? { conditions: { ifNoneMatch: "*" } } : {}),
      });
  }
}
