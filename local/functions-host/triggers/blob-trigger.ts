import type { BlobGetPropertiesResponse } from "@azure/storage-blob";
import { messageOf } from "../log";
import { resolveSettings } from "../settings";
import { StorageAccount, statusOf } from "../storage-account";
import { isDeferred, textOption } from "../worker/core-types";
import type { RegisteredFunction, RpcTypedData } from "../worker/core-types";
import type { Invoker } from "../worker/invoker";
import { parseBlobPath } from "./blob-path";
import type { BlobMessage } from "./blob-queue";
import type { BlobPath } from "./blob-path";

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
    this.account = StorageAccount.open(this.connection, user);
    this.scanned = textOption(fn.trigger, "source", "LogsAndContainerScan").toLowerCase() !== "eventgrid";
    this.deferred = isDeferred(fn.trigger);
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
    const trigger = await this.data(message);
    if (!trigger) return "gone";
    const triggerMetadata: Record<string, RpcTypedData> = {
      BlobTrigger: { string: `${message.container}/${message.blob}` },
      Uri: { json: JSON.stringify(client.url) },
      Properties: { json: JSON.stringify(shownProperties(properties)) },
      Metadata: { json: JSON.stringify(properties.metadata ?? {}) },
      ...Object.fromEntries(Object.entries(parameters).map(([name, string]) => [name, { string }])),
    };
    const reason = `New blob detected(${message.source === "scan" ? "LogsAndContainerScan" : "EventGrid"}): ${message.container}/${message.blob}`;
    for (let copy = 0; copy < copies; copy++) await this.invoker.invoke(this.fn, { trigger, triggerMetadata, reason });
    return "done";
  }

  private async data({ container, blob }: BlobMessage): Promise<RpcTypedData | undefined> {
    if (this.deferred) return blobReference(this.connection, container, blob);
    const client = this.account.blobs.getContainerClient(container).getBlobClient(blob);
    const bytes = await storage(() => client.downloadToBuffer());
    if (!bytes) return undefined;
    return textOption(this.fn.trigger, "dataType", "").toLowerCase() === "string"
      ? { string: bytes.toString() }
      : { bytes };
  }
}

/** What deferred binding passes instead of a blob's bytes. */
export function blobReference(connection: string, container: string, blob: string): RpcTypedData {
  const content = Buffer.from(JSON.stringify({ Connection: connection, ContainerName: container, BlobName: blob }));
  return {
    modelBindingData: { version: "1.0", source: "AzureStorageBlobs", contentType: "application/json", content },
  };
}

/** The storage could not be asked: nothing is known about the blob, and no attempt is counted. */
export class StorageOutage extends Error {
  override readonly name = "StorageOutage";
}

async function storage<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
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
