import type { BlobGetPropertiesResponse } from "@azure/storage-blob";
import { messageOf } from "../log";
import { connectionString, resolveSettings } from "../settings";
import { textOption } from "../worker/core-types";
import type { RegisteredFunction, RpcTypedData } from "../worker/core-types";
import type { Invoker } from "../worker/invoker";
import { parseBlobPath } from "./blob-path";
import type { BlobMessage } from "./blob-queue";
import type { BlobPath } from "./blob-path";
import { StorageAccount } from "./storage-account";

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
    this.path = parseBlobPath(resolveSettings(textOption(fn.trigger, "path", ""), `path of ${user}`));
    this.connection = textOption(fn.trigger, "connection", "AzureWebJobsStorage");
    this.account = new StorageAccount(connectionString(this.connection, user));
    this.scanned = textOption(fn.trigger, "source", "LogsAndContainerScan").toLowerCase() !== "eventgrid";
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
    const triggerMetadata: Record<string, RpcTypedData> = {
      BlobTrigger: { string: `${message.container}/${message.blob}` },
      Uri: { json: JSON.stringify(client.url) },
      Properties: { json: JSON.stringify(shownProperties(properties)) },
      Metadata: { json: JSON.stringify(properties.metadata ?? {}) },
      ...Object.fromEntries(Object.entries(parameters).map(([name, string]) => [name, { string }])),
    };
    const reason = `New blob detected(${message.source === "scan" ? "LogsAndContainerScan" : "EventGrid"}): ${message.container}/${message.blob}`;
    for (let copy = 0; copy < copies; copy++)
      await this.invoker.invoke(this.fn, { trigger: trigger as RpcTypedData, triggerMetadata, reason });
    return "done";
  }

  private reference(message: BlobMessage): RpcTypedData {
    const content = Buffer.from(
      JSON.stringify({ Connection: this.connection, ContainerName: message.container, BlobName: message.blob }),
    );
    return {
      modelBindingData: { version: "1.0", source: "AzureStorageBlobs", contentType: "application/json", content },
    };
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

/** Named one by one: the SDK's answer also holds the request, with its Authorization header. */
function shownProperties(properties: BlobGetPropertiesResponse): Record<string, unknown> {
  return {
    ETag: properties.etag,
    LastModified: properties.lastModified,
    CreatedOn: properties.createdOn,
    ContentLength: properties.contentLength,
    ContentType: properties.contentType,
    ContentEncoding: properties.contentEncoding,
    ContentHash: properties.contentMD5 ? Buffer.from(properties.contentMD5).toString("base64") : undefined,
    BlobType: properties.blobType,
    AccessTier: properties.accessTier,
    VersionId: properties.versionId,
  };
}
