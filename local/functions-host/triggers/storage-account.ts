import { createHmac } from "node:crypto";
import { BlobServiceClient } from "@azure/storage-blob";

const DEVELOPMENT =
  "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;" +
  "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;";
const API_VERSION = "2021-12-02";
const REQUEST_TIMEOUT_MS = 10_000;

/** A storage account reached by connection string: blobs through the SDK, the poison queue through its REST interface. */
export class StorageAccount {
  readonly blobs: BlobServiceClient;
  private readonly parts: ReadonlyMap<string, string>;

  /** Throws an Error when the text is no connection string. */
  constructor(connectionString: string) {
    const text = /UseDevelopmentStorage=true/i.test(connectionString) ? DEVELOPMENT : connectionString;
    this.parts = new Map(
      text
        .split(";")
        .filter((part) => part.includes("="))
        .map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]),
    );
    // The scan comes again every second: no point in the SDK's own long retries.
    this.blobs = BlobServiceClient.fromConnectionString(text, {
      retryOptions: { maxTries: 2, tryTimeoutInMs: REQUEST_TIMEOUT_MS, retryDelayInMs: 200 },
    });
  }

  private get accountName(): string {
    return this.parts.get("AccountName") ?? "";
  }

  /** Puts a text message into a queue, which is made when it is missing. Throws an Error with the status of the service. */
  async sendMessage(queue: string, text: string): Promise<void> {
    await this.queueRequest("PUT", `/${queue}`, "", [201, 204]);
    const body = `<QueueMessage><MessageText>${Buffer.from(text).toString("base64")}</MessageText></QueueMessage>`;
    await this.queueRequest("POST", `/${queue}/messages`, body, [201]);
  }

  private queueEndpoint(): URL {
    const endpoint = this.parts.get("QueueEndpoint");
    const suffix = this.parts.get("EndpointSuffix") ?? "core.windows.net";
    return new URL(
      endpoint ?? `${this.parts.get("DefaultEndpointsProtocol") ?? "https"}://${this.accountName}.queue.${suffix}`,
    );
  }

  private async queueRequest(method: string, path: string, body: string, expected: readonly number[]): Promise<void> {
    const base = this.queueEndpoint();
    const url = new URL(base.href.replace(/\/+$/, "") + path);
    const date = new Date().toUTCString();
    const type = body === "" ? "" : "application/xml";
    const lines = [
      method,
      "",
      type,
      "",
      `x-ms-date:${date}\nx-ms-version:${API_VERSION}`,
      `/${this.accountName}${url.pathname}`,
    ];
    const signature = createHmac("sha256", Buffer.from(this.parts.get("AccountKey") ?? "", "base64"))
      .update(lines.join("\n"))
      .digest("base64");
    const headers = {
      "x-ms-date": date,
      "x-ms-version": API_VERSION,
      Authorization: `SharedKeyLite ${this.accountName}:${signature}`,
      ...(type === "" ? {} : { "Content-Type": type }),
    };
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await fetch(url, { method, headers, signal, ...(body === "" ? {} : { body }) });
    if (!expected.includes(response.status))
      throw new Error(
        `queue ${method} ${path} answered ${String(response.status)}: ${(await response.text()).slice(0, 200)}`,
      );
    await response.arrayBuffer();
  }
}
