import type { DequeuedMessageItem } from "@azure/storage-queue";
import type { QueueConfig } from "../host-json";
import { log, messageOf } from "../log";
import { statusOf } from "../storage-account";
import { OutageLog } from "./outage-log";
import type { QueueTrigger } from "./queue-trigger";

/** How the listener takes messages. */
export interface QueueOptions extends QueueConfig {
  readonly deliverTwice: boolean;
}

const LEAST_POLLING_INTERVAL_MS = 100;
const MAX_OUTAGE_INTERVAL_MS = 15_000;
/** A message is hidden this long and hidden again while its function runs: a killed host gives it back soon. */
const LEASE_SECONDS = 30;
const CATEGORY = "Host.Triggers.Queues";

/** Polls one function's queue and delivers its messages, with retries and a poison queue. */
export class QueueListener {
  private readonly outage: OutageLog;
  private readonly active = new Set<Promise<void>>();
  private stopped = false;
  private wake: () => void = () => undefined;

  constructor(
    readonly trigger: QueueTrigger,
    private readonly options: QueueOptions,
  ) {
    this.outage = new OutageLog(`queue '${trigger.queueName}' of function ${trigger.fn.name}`);
  }

  /** Begins to poll. */
  start(): void {
    void this.poll();
  }

  /** Takes up nothing new. */
  stop(): void {
    this.stopped = true;
    this.wake();
  }

  /** Resolves when every message that was taken up is settled. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.active);
  }

  private async poll(): Promise<void> {
    for (let delay = LEAST_POLLING_INTERVAL_MS; !this.stopped;) {
      if (this.active.size > this.options.newBatchThreshold) {
        await Promise.race(this.active);
        continue;
      }
      try {
        const found = await this.receive();
        this.outage.recovered();
        for (const message of found) this.take(message);
        delay = found.length > 0 ? LEAST_POLLING_INTERVAL_MS : Math.min(this.options.maxPollingIntervalMs, delay * 2);
        if (found.length > 0) continue;
      } catch (error) {
        this.outage.failed(error);
        delay = Math.min(MAX_OUTAGE_INTERVAL_MS, delay * 2);
      }
      await this.pause(delay);
    }
  }

  private async receive(): Promise<DequeuedMessageItem[]> {
    try {
      const { batchSize } = this.options;
      const answer = await this.trigger.queue.receiveMessages({
        numberOfMessages: batchSize,
        visibilityTimeout: LEASE_SECONDS,
      });
      return answer.receivedMessageItems;
    } catch (error) {
      // The queue may come later.
      if (statusOf(error) === 404) return [];
      throw error;
    }
  }

  private async pause(ms: number): Promise<void> {
    if (this.stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private take(message: DequeuedMessageItem): void {
    const settled = this.handle(new Lease(this.trigger, message)).finally(() => this.active.delete(settled));
    this.active.add(settled);
  }

  /** Never throws: a message that could not be settled becomes visible again by itself. */
  private async handle(lease: Lease): Promise<void> {
    const { message } = lease;
    lease.keep();
    try {
      await this.process(lease);
    } catch (error) {
      log(
        "warning",
        `message ${message.messageId} of queue '${this.trigger.queueName}' comes again: ${messageOf(error)}`,
        CATEGORY,
      );
    } finally {
      lease.end();
    }
  }

  private async process(lease: Lease): Promise<void> {
    const { message } = lease;
    const content = this.trigger.decode(message.messageText);
    if (!content) {
      log(
        "warning",
        `Message decoding has failed! Check MessageEncoding settings. MessageId=${message.messageId}.`,
        CATEGORY,
      );
      return this.poison(lease);
    }
    // A host that died with the message each time got no further than taking it.
    if (message.dequeueCount > this.options.maxDequeueCount && this.trigger.poisonQueueName) return this.poison(lease);
    try {
      for (let copy = 0; copy < (this.options.deliverTwice ? 2 : 1); copy++)
        await this.trigger.deliver(message, content);
    } catch {
      // The invocation has printed its error.
      return this.failed(lease);
    }
    await lease.delete();
  }

  private async failed(lease: Lease): Promise<void> {
    if (lease.message.dequeueCount >= this.options.maxDequeueCount && this.trigger.poisonQueueName)
      return this.poison(lease);
    await lease.release(Math.ceil(this.options.visibilityTimeoutMs / 1000));
  }

  /** The text is copied as it is, whatever its encoding. */
  private async poison(lease: Lease): Promise<void> {
    const { poisonQueueName, account } = this.trigger;
    if (!poisonQueueName) return lease.release(Math.ceil(this.options.visibilityTimeoutMs / 1000));
    await account.sendMessage(poisonQueueName, lease.message.messageText);
    const limit = String(this.options.maxDequeueCount);
    log(
      "warning",
      `Message has reached MaxDequeueCount of ${limit}. Moving message to queue '${poisonQueueName}'.`,
      CATEGORY,
    );
    await lease.delete();
  }
}

/** One message that is hidden from others for as long as it is worked on. */
class Lease {
  private receipt: string;
  private timer: NodeJS.Timeout | undefined;
  private renewal: Promise<void> = Promise.resolve();

  constructor(
    private readonly trigger: QueueTrigger,
    readonly message: DequeuedMessageItem,
  ) {
    this.receipt = message.popReceipt;
  }

  /** Hides the message again and again until `end`. */
  keep(): void {
    this.timer = setInterval(() => void (this.renewal = this.renew()), (LEASE_SECONDS * 1000) / 3);
  }

  end(): void {
    clearInterval(this.timer);
  }

  async delete(): Promise<void> {
    this.end();
    await this.renewal;
    await this.trigger.queue.deleteMessage(this.message.messageId, this.receipt);
  }

  /** Shows the message again after that many seconds. */
  async release(seconds: number): Promise<void> {
    this.end();
    await this.renewal;
    await this.hide(seconds);
  }

  private async renew(): Promise<void> {
    try {
      await this.hide(LEASE_SECONDS);
    } catch (error) {
      log(
        "warning",
        `message ${this.message.messageId} of queue '${this.trigger.queueName}' could not be kept: ${messageOf(error)}`,
        CATEGORY,
      );
    }
  }

  private async hide(seconds: number): Promise<void> {
    const { messageId } = this.message;
    const answer = await this.trigger.queue.updateMessage(messageId, this.receipt, undefined, seconds);
    this.receipt = answer.popReceipt ?? this.receipt;
  }
}
