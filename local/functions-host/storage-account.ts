import { TableClient } from "@azure/data-tables";
import { ManagedIdentityCredential } from "@azure/identity";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { messageOf } from "./log";
import { connectionOf } from "./settings";
import type { Connection } from "./settings";

const DEVELOPMENT =
  "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;" +
  "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;" +
  "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;";
const REQUEST_TIMEOUT_MS = 10_000;
// Polls and scans come again within seconds: no point in the SDK's own long retries.
const RETRIES = { maxTries: 2, tryTimeoutInMs: REQUEST_TIMEOUT_MS, retryDelayInMs: 200 };

/** A storage account reached by connection string, or by a managed identity. */
export class StorageAccount {
  private static readonly opened = new Map<string, StorageAccount>();

  private constructor(
    readonly blobs: BlobServiceClient,
    readonly queues: QueueServiceClient,
    readonly table: (name: string) => TableClient,
  ) {}

  /**
   * The account that a binding's `connection` setting names; one client for all bindings of an account.
   * @throws HostError naming `user` and the setting when it is missing or no connection
   */
  static open(name: string | undefined, user: string): StorageAccount {
    const connection = connectionOf(name, user);
    const key = JSON.stringify(connection);
    let account = StorageAccount.opened.get(key);
    if (!account)
      StorageAccount.opened.set(key, (account = connect(connection, (...all) => new StorageAccount(...all))));
    return account;
  }

  /** Puts a message, as it is, into a queue, which is made when it is missing. */
  async sendMessage(queue: string, text: string): Promise<void> {
    const client = this.queues.getQueueClient(queue);
    await createdOnDemand(
      () => client.sendMessage(text),
      () => client.createIfNotExists(),
    );
  }
}

/** Throws an Error when a text is no connection string. */
function connect<T>(
  connection: Connection,
  make: (blobs: BlobServiceClient, queues: QueueServiceClient, table: (name: string) => TableClient) => T,
): T {
  const retryOptions = { maxRetries: 1, retryDelayInMs: 200 };
  if (connection.kind === "identity") {
    const { uris, clientId } = connection;
    const credential = clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
    return make(
      new BlobServiceClient(uris.blob, credential, { retryOptions: RETRIES }),
      new QueueServiceClient(uris.queue, credential, { retryOptions: RETRIES }),
      (name) => new TableClient(uris.table, name, credential, { retryOptions }),
    );
  }
  const text = /UseDevelopmentStorage=true/i.test(connection.text) ? DEVELOPMENT : connection.text;
  return make(
    BlobServiceClient.fromConnectionString(text, { retryOptions: RETRIES }),
    QueueServiceClient.fromConnectionString(text, { retryOptions: RETRIES }),
    (name) => TableClient.fromConnectionString(text, name, { allowInsecureConnection: true, retryOptions }),
  );
}

/** Does the work; when its container, queue or table does not exist, makes it and does the work again. */
export async function createdOnDemand<T>(work: () => Promise<T>, create: () => Promise<unknown>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    await create();
    return work();
  }
}

/** What a storage service says, without request id and time; the table service says it in JSON. */
export function storageMessage(error: unknown): string {
  const message = messageOf(error);
  const inJson = /"value":("(?:\\.|[^"\\])*")/.exec(message)?.[1];
  const text = message.startsWith('{"odata.error"') && inJson ? (JSON.parse(inJson) as string) : message;
  return text.replace(/\r?\nRequestId:[\s\S]*$/, "");
}

/** The HTTP status that the service answered, if it did. */
export function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number }).statusCode;
}
