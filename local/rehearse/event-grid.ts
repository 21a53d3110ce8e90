import type { ContainerClient } from "@azure/storage-blob";
import { randomUUID } from "node:crypto";

/** Calls that end a write, as the subscription of infra/hooks filters them. */
const ENDS_A_WRITE = ["PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose"];
const TRIES = 2;

/** What Event Grid tells of a blob. */
export interface BlobCreated {
  readonly url: string;
  readonly etag: string;
  /** The storage call that made it. */
  readonly api: string;
}

/** One subscription of Event Grid to a webhook: handshake, filter, delivery in batches of one, dead letters. */
export class EventSubscription {
  constructor(
    private readonly webhook: string,
    private readonly deadLetters: ContainerClient,
  ) {}

  /** Proves that the webhook wants the events. @throws Error when it does not repeat the code */
  async validate(): Promise<void> {
    const validationCode = randomUUID();
    const event = this.event("Microsoft.EventGrid.SubscriptionValidationEvent", "", { validationCode });
    const response = await this.post("SubscriptionValidation", event);
    const text = await response.text();
    if (response.status !== 200 || !text.includes(validationCode))
      throw new Error(`the handshake was answered with ${response.status} ${text.slice(0, 200)}`);
  }

  /** Delivers an event, as often as told. @returns whether the subscription takes it, the webhook took it, or it is a dead letter */
  async publish(blob: BlobCreated, times = 1): Promise<"delivered" | "filtered" | "dead letter"> {
    if (!ENDS_A_WRITE.includes(blob.api)) return "filtered";
    const data = { api: blob.api, url: blob.url, eTag: blob.etag.replaceAll('"', ""), blobType: "BlockBlob" };
    const event = this.event("Microsoft.Storage.BlobCreated", new URL(blob.url).pathname, data);
    for (let done = 0; done < times; done++) {
      const status = await this.deliver(event);
      if (status === undefined) continue;
      await this.putAside(event, status);
      return "dead letter";
    }
    return "delivered";
  }

  /** The status of the last refusal, or nothing when it was taken. */
  private async deliver(event: object): Promise<number | undefined> {
    let status = 0;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      ({ status } = await this.post("Notification", event));
      if (status >= 200 && status < 300) return undefined;
    }
    return status;
  }

  private async putAside(event: object, status: number): Promise<void> {
    const reason = {
      deadLetterReason: "MaxDeliveryAttemptsExceeded",
      deliveryAttempts: TRIES,
      lastHttpStatusCode: status,
    };
    const text = JSON.stringify([{ ...event, ...reason }]);
    await this.deadLetters.getBlockBlobClient(`topic/BATCHKEEPER-DROPS/${randomUUID()}.json`).upload(text, text.length);
  }

  private event(eventType: string, subject: string, data: object): object {
    return { id: randomUUID(), eventType, subject, data, eventTime: new Date().toISOString(), dataVersion: "" };
  }

  private async post(type: string, event: object): Promise<Response> {
    const headers = { "content-type": "application/json", "aeg-event-type": type };
    return fetch(this.webhook, { method: "POST", headers, body: JSON.stringify([event]) });
  }
}
