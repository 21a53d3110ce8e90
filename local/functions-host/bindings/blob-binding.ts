import { isUtf8 } from "node:buffer";
import { log } from "../log";
import { resolveSettings } from "../settings";
import { StorageAccount, createdOnDemand, statusOf } from "../storage-account";
import { blobReference } from "../triggers/blob-trigger";
import type { BindingData } from "../worker/binding-data";
import { isDeferred, textOption } from "../worker/core-types";
import type { Binding, RpcTypedData } from "../worker/core-types";
import { bindingText } from "./binding-text";

interface BlobAddress {
  readonly container: string;
  readonly blob: string;
}

/** A `blob` input or output binding. */
export class BlobBinding {
  private readonly account: StorageAccount;
  private readonly path: (data: BindingData) => string;
  private readonly connection: string;
  private warned = false;

  /** Throws HostError or Error naming `user` when path or connection is wrong. */
  constructor(
    private readonly binding: Binding,
    private readonly user: string,
  ) {
    this.path = bindingText(binding, "path", user);
    this.connection = textOption(binding, "connection", "AzureWebJobsStorage");
    this.account = StorageAccount.open(this.connection, user);
    const path = resolveSettings(textOption(binding, "path", ""), user);
    if (!/^\/?[^/]+\/./s.test(path)) throw new Error(`${user}: path "${path}" must be "<container>/<blob>"`);
  }

  /** The blob's content; undefined when there is no such blob. Text unless the binding says `dataType: "binary"`, as in Azure. */
  async read(data: BindingData): Promise<RpcTypedData | undefined> {
    const { container, blob } = this.address(data);
    if (isDeferred(this.binding)) return blobReference(this.connection, container, blob);
    try {
      const bytes = await this.account.blobs.getContainerClient(container).getBlobClient(blob).downloadToBuffer();
      if (textOption(this.binding, "dataType", "string").toLowerCase() === "binary") return { bytes };
      if (!isUtf8(bytes)) this.warnOfBytes(container, blob);
      return { string: bytes.toString() };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** Writes (or replaces) the blob; its container is made when it is missing. */
  async write(data: BindingData, value: RpcTypedData): Promise<void> {
    const { container, blob } = this.address(data);
    const client = this.account.blobs.getContainerClient(container);
    const bytes = bytesOf(value);
    await createdOnDemand(
      () => client.getBlockBlobClient(blob).upload(bytes, bytes.length),
      () => client.createIfNotExists(),
    );
  }

  private address(data: BindingData): BlobAddress {
    const path = this.path(data).replace(/^\//, "");
    const slash = path.indexOf("/");
    const blob = path.slice(slash + 1);
    if (slash < 1 || blob === "") throw new Error(`${this.user}: "${path}" names no blob`);
    return { container: path.slice(0, slash).toLowerCase(), blob };
  }

  private warnOfBytes(container: string, blob: string): void {
    const hint = 'set dataType "binary" (input.generic) or sdkBinding';
    if (!this.warned)
      log("warning", `${this.user}: ${container}/${blob} is no UTF-8 text and reaches the function damaged; ${hint}`);
    this.warned = true;
  }
}

/** Numbers are written as their little-endian bytes, as the real host does. */
function bytesOf(data: RpcTypedData): Uint8Array {
  if (data.bytes) return data.bytes;
  if (data.int !== undefined && data.int !== null) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(Number(data.int) | 0);
    return bytes;
  }
  if (data.double !== undefined && data.double !== null) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(Number(data.double));
    return bytes;
  }
  return Buffer.from(data.string ?? data.json ?? "");
}
