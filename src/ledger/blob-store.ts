import type { BlobServiceClient } from "@azure/storage-blob";

/** What a HEAD of a blob says. */
export interface BlobHead {
  /** Without quotes. */
  readonly etag: string;
  readonly size: number;
  readonly lastModified: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly copyStatus: string | null;
  readonly copyMessage: string | null;
}

/** A blob as a listing names it. */
export interface ListedBlob {
  readonly path: string;
  readonly etag: string;
  readonly size: number;
  readonly lastModified: string;
}

const statusOf = (error: unknown): number | undefined => (error as { statusCode?: number }).statusCode;
const bare = (etag: string | undefined): string => (etag ?? "").replaceAll('"', "");

/** Blobs of the data account. Containers of the app are created on first write. */
export class BlobStore {
  private readonly opened = new Map<string, Promise<unknown>>();

  constructor(readonly service: BlobServiceClient) {}

  /** HEAD of a blob, or null when there is none. */
  async head(container: string, path: string): Promise<BlobHead | null> {
    try {
      const found = await this.service.getContainerClient(container).getBlobClient(path).getProperties();
      return {
        etag: bare(found.etag),
        size: found.contentLength ?? 0,
        lastModified: (found.lastModified ?? new Date(0)).toISOString(),
        metadata: found.metadata ?? {},
        copyStatus: found.copyStatus ?? null,
        copyMessage: found.copyStatusDescription ?? null,
      };
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
  }

  async readText(container: string, path: string): Promise<string | null> {
    try {
      const buffer = await this.service.getContainerClient(container).getBlobClient(path).downloadToBuffer();
      return buffer.toString("utf8");
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
  }

  /** Writes a blob that never changes again; false when it is there already. */
  async createJson(container: string, path: string, value: unknown): Promise<boolean> {
    try {
      await this.upload(container, path, value, true);
      return true;
    } catch (error) {
      if (statusOf(error) === 409 || statusOf(error) === 412) return false;
      throw error;
    }
  }

  /** Writes a blob of which every writer writes the same. */
  async putJson(container: string, path: string, value: unknown): Promise<void> {
    await this.upload(container, path, value, false);
  }

  async remove(container: string, path: string): Promise<void> {
    await this.service.getContainerClient(container).getBlobClient(path).deleteIfExists();
  }

  /** Every blob of a container; a container that does not exist is empty. */
  async *list(container: string): AsyncGenerator<ListedBlob> {
    try {
      for await (const item of this.service.getContainerClient(container).listBlobsFlat()) {
        const { etag, contentLength, lastModified } = item.properties;
        yield { path: item.name, etag: bare(etag), size: contentLength ?? 0, lastModified: lastModified.toISOString() };
      }
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }

  /** Creates the container if need be; once for a process. */
  async open(container: string): Promise<void> {
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
