import type { Database } from "../database";
import { log, messageOf } from "../log";
import { connectionString, resolveSettings } from "../settings";
import type { RegisteredFunction, RpcTypedData } from "../worker/core-types";
import type { Invoker } from "../worker/invoker";
import { parseBlobPath } from "./blob-path";
import type { BlobPath } from "./blob-path";
import { StorageAccount } from "./storage-account";

/** One version of one blob that a function has to be told of. */
export interface BlobMessage {
  readonly seq: number;
  readonly container: string;
  readonly blob: string;
  readonly etag: string;
  readonly source: "scan" | "event";
  readonly dequeueCount: number;
}

/** What a delivery came to: `gone` also covers a blob whose ETag has changed, which the scan reports again. */
export type Delivery = "done" | "gone";

/** One blob-triggered function: what it listens to and how it is invoked. */
export class BlobTrigger {
  readonly path: BlobPath;
  readonly account: StorageAccount;
  /** `LogsAndContainerScan` or `EventGrid`; the latter is not scanned. */
  readonly scanned: boolean;
  private readonly deferred: boolean;
  private readonly connection: string;

  /** Throws HostError or Error when the binding's path or connection is wrong. */
  constructor(
    readonly fn: RegisteredFunction,
    private readonly invoker: Invoker,
  ) {
    const user = `blob function ${fn.name}`;
    this.path = parseBlobPath(resolveSettings(String(fn.trigger["path"] ?? ""), `path of ${user}`));
    this.connection = String(fn.trigger["connection"] ?? "AzureWebJobsStorage");
    this.account = new StorageAccount(connectionString(this.connection, user));
    this.scanned = String(fn.trigger["source"] ?? "LogsAndContainerScan").toLowerCase() !== "eventgrid";
    this.deferred = fn.trigger.properties?.["supportsDeferredBinding"]?.toLowerCase() === "true";
  }

  /** Name of the function as receipts and poison messages carry it. */
  get functionId(): string {
    return `Host.Functions.${this.fn.name}`;
  }

  /** Reads the blob's properties and invokes the function. Throws what the function threw, or a StorageOutage. */
  async deliver(message: BlobMessage, copies: number): Promise<Delivery> {
    const client = this.account.blobs.getContainerClient(message.container).getBlobClient(message.blob);
    const parameters = this.path.match(message.blob);
    if (!parameters || message.container.toLowerCase() !== this.path.container) return "gone";
    const properties = await storage(() => client.getProperties());
    if (!properties) return "gone";
    if (message.source === "scan" && plainEtag(properties.etag ?? "") !== message.etag) return "gone";
    const trigger = this.deferred ? this.reference(message) : { bytes: await storage(() => client.downloadToBuffer()) };
    if ("bytes" in trigger && !trigger.bytes) return "gone";
    const { metadata, _response: _omitted, ...rest } = properties as typeof properties & { _response?: unknown };
    const triggerMetadata: Record<string, RpcTypedData> = {
      BlobTrigger: { string: `${message.container}/${message.blob}` },
      Uri: { json: JSON.stringify(client.url) },
      Properties: { json: JSON.stringify(pascalCase(rest)) },
      Metadata: { json: JSON.stringify(metadata ?? {}) },
      ...Object.fromEntries(Object.entries(parameters).map(([name, string]) => [name, { string }])),
    };
    const reason = `New blob detected(${message.source === "scan" ? "LogsAndContainerScan" : "EventGrid"}): ${message.container}/${message.blob}`;
    for (let copy = 0; copy < copies; copy++)
      await this.invoker.invoke(this.fn, { trigger: trigger as RpcTypedData, triggerMetadata, reason });
    return "done";
  }

  private reference(message: BlobMessage): RpcTypedData {
    const content = Buffer.from(JSON.stringify({ Connection: this.connection, ContainerName: message.container, BlobName: message.blob }));
    return { modelBindingData: { version: "1.0", source: "AzureStorageBlobs", contentType: "application/json", content } };
  }
}

/** The storage could not be asked: nothing is known about the blob, and no attempt is counted. */
export class StorageOutage extends Error {
  override readonly name = "StorageOutage";
}

async function storage<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw new StorageOutage(messageOf(error), { cause: error });
  }
}

/** ETags without quotes, as list operations return them. */
export function plainEtag(etag: string): string {
  return etag.replace(/^"|"$/g, "");
}

function pascalCase(values: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name === "etag" ? "ETag" : name.charAt(0).toUpperCase() + name.slice(1),
      value as unknown,
    ]),
  );
}

/** Receipts and the queue of deliveries, in the host's database. */
export class BlobQueue {
  constructor(private readonly db: Database) {}

  /** Queues a version of a blob for a function unless there is a receipt for it. Returns whether it was new. */
  offer(fn: string, message: Pick<BlobMessage, "container" | "blob" | "etag" | "source">): boolean {
    return this.db.tx(() => {
      const path = `${message.container}/${message.blob}`;
      const isNew =
        this.db.run(
          "INSERT OR IGNORE INTO blob_receipts (function, path, etag, seen_at) VALUES (?, ?, ?, ?)",
          fn,
          path,
          message.etag,
          Date.now(),
        ) > 0;
      if (isNew) this.push(fn, message);
      return isNew;
    });
  }

  /** Queues without looking at receipts. */
  push(fn: string, message: Pick<BlobMessage, "container" | "blob" | "etag" | "source">): void {
    this.db.run(
      "INSERT INTO blob_messages (function, container, blob, etag, source) VALUES (?, ?, ?, ?, ?)",
      ...[fn, message.container, message.blob, message.etag, message.source],
    );
  }

  /** Messages that may be delivered now, oldest first. */
  due(fn: string, limit: number): BlobMessage[] {
    const rows = this.db.all(
      "SELECT * FROM blob_messages WHERE function = ? AND visible_at <= ? ORDER BY seq LIMIT ?",
      fn,
      Date.now(),
      limit,
    );
    return rows.map((row) => ({
      seq: Number(row["seq"]),
      container: String(row["container"]),
      blob: String(row["blob"]),
      etag: String(row["etag"]),
      source: row["source"] === "scan" ? "scan" : "event",
      dequeueCount: Number(row["dequeue_count"]),
    }));
  }

  remove(seq: number): void {
    this.db.run("DELETE FROM blob_messages WHERE seq = ?", seq);
  }

  /** Shows the message again after `delayMs`; `counted` = the attempt was the function's failure. */
  retry(seq: number, delayMs: number, counted: boolean): void {
    this.db.run(
      "UPDATE blob_messages SET dequeue_count = dequeue_count + ?, visible_at = ? WHERE seq = ?",
      counted ? 1 : 0,
      Date.now() + delayMs,
      seq,
    );
  }
}

/** One console line for the first failure of a kind, and one when it is over. */
export class OutageLog {
  private open = false;

  constructor(private readonly subject: string) {}

  failed(error: unknown): void {
    if (!this.open)
      log("warning", `${this.subject} cannot be reached; trying again until it can: ${messageOf(error).split("\n")[0] ?? ""}`);
    this.open = true;
  }

  recovered(): void {
    if (this.open) log("information", `${this.subject} can be reached again`);
    this.open = false;
  }
}
