import { BlobServiceClient, RestError, type ContainerClient } from "@azure/storage-blob";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { dirname, join, relative, resolve, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isObject } from "./params";

/** A volume root on this machine and the batch whose files a task reads and writes below it. */
export interface Batch {
  readonly volumeRoot: string;
  /** Relative to the root: `batches/<run id>/manifest.json`. */
  readonly manifestPath: string;
}

/** The storage did not answer within the retry limit, or refused. */
export class StorageAccessError extends Error {
  override readonly name = "StorageAccessError";
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function manifestFiles(file: string): string[] {
  try {
    const manifest: unknown = JSON.parse(readFileSync(file, "utf8"));
    const files = isObject(manifest) && Array.isArray(manifest["files"]) ? (manifest["files"] as unknown[]) : [];
    return files.flatMap((item) =>
      isObject(item) && typeof item["frozenPath"] === "string" ? [item["frozenPath"]] : [],
    );
  } catch {
    // Absent or broken: the notebook reads it too and says what is wrong with it, as it would in Azure.
    return [];
  }
}

/** Keeps the folders of a volume equal to the containers behind it, as far as one batch goes. */
export class VolumeSync {
  private readonly service: BlobServiceClient;

  constructor(
    connectionString: string,
    private readonly database: DatabaseSync,
    private readonly retryLimitMs = 60_000,
  ) {
    this.service = BlobServiceClient.fromConnectionString(connectionString, {
      retryOptions: { maxTries: 1, tryTimeoutInMs: 30_000 },
    });
  }

  /** Brings manifest and frozen files under the volume root; what is there with the same size and ETag stays. Blobs that are missing stay missing. */
  async materialise(batch: Batch, signal: AbortSignal): Promise<void> {
    await this.download(batch.volumeRoot, batch.manifestPath, signal);
    for (const path of manifestFiles(join(batch.volumeRoot, batch.manifestPath)))
      await this.download(batch.volumeRoot, path, signal);
  }

  /** Uploads what is new or changed in the batch's `outcome/` and in the run's folder of the `results` volume. */
  async publish(batch: Batch, signal: AbortSignal): Promise<void> {
    const folder = dirname(batch.manifestPath);
    const runId = folder.split("/").at(-1) ?? "";
    const files = [join(folder, "outcome"), join("results", runId)].flatMap((part) =>
      listFiles(join(batch.volumeRoot, part)),
    );
    for (const file of files) await this.upload(batch.volumeRoot, file, signal);
  }

  private locate(volumeRoot: string, path: string): { container: ContainerClient; blob: string; file: string } {
    const file = resolve(volumeRoot, path);
    const [container = "", ...rest] = relative(volumeRoot, file).split(sep);
    if (rest.length === 0 || container === "..")
      throw new StorageAccessError(`path ${path} lies outside the volume root`);
    return { container: this.service.getContainerClient(container), blob: rest.join("/"), file };
  }

  private async download(volumeRoot: string, path: string, signal: AbortSignal): Promise<void> {
    const { container, blob, file } = this.locate(volumeRoot, path);
    const client = container.getBlobClient(blob);
    await this.retrying(`reading ${container.containerName}/${blob}`, signal, async () => {
      const { etag = "", contentLength = 0 } = await client.getProperties({ abortSignal: signal });
      const marker = `${contentLength}:${etag}`;
      if (this.marker(file) === marker && statSync(file, { throwIfNoEntry: false })?.size === contentLength) return;
      const draft = join(dirname(file), `.${process.pid}.${Date.now()}.part`);
      mkdirSync(dirname(file), { recursive: true });
      try {
        await client.downloadToFile(draft, 0, undefined, { abortSignal: signal, conditions: { ifMatch: etag } });
        renameSync(draft, file);
      } finally {
        rmSync(draft, { force: true });
      }
      this.mark(file, marker);
    });
  }

  private async upload(volumeRoot: string, file: string, signal: AbortSignal): Promise<void> {
    const { container, blob } = this.locate(volumeRoot, file);
    const { size, mtimeMs } = statSync(file);
    const marker = `${size}:${mtimeMs}`;
    if (this.marker(file) === marker) return;
    await this.retrying(`writing ${container.containerName}/${blob}`, signal, async () => {
      await container.getBlockBlobClient(blob).uploadFile(file, { abortSignal: signal });
    });
    this.mark(file, marker);
  }

  /** Repeats while the storage is down. A missing blob is no outage: the caller goes on without it. */
  private async retrying(what: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const deadline = Date.now() + this.retryLimitMs;
    for (let delayMs = 200; ; delayMs = Math.min(delayMs * 2, 5_000)) {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        const status = error instanceof RestError ? error.statusCode : undefined;
        if (status === 404 && what.startsWith("reading")) return;
        const refused =
          status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 412 && status !== 429;
        if (refused || Date.now() + delayMs > deadline) {
          const code = error instanceof RestError ? (error.code ?? status) : (error as Error).message;
          throw new StorageAccessError(`${what} failed: ${code}`, { cause: error });
        }
        await sleep(delayMs, undefined, { signal });
      }
    }
  }

  private marker(file: string): string | undefined {
    const row = this.database.prepare("SELECT marker FROM volume_files WHERE path = ?").get(file);
    return row === undefined ? undefined : String(row["marker"]);
  }

  private mark(file: string, marker: string): void {
    this.database.prepare("INSERT OR REPLACE INTO volume_files(path, marker) VALUES (?, ?)").run(file, marker);
  }
}
