import { log, messageOf } from "../log";
import { statusOf } from "../storage-account";
import type { BlobMessage, BlobQueue } from "./blob-queue";
import { StorageOutage, plainEtag } from "./blob-trigger";
import type { BlobTrigger } from "./blob-trigger";
import { OutageLog } from "./outage-log";

/** Intervals and limits of blob triggers. */
export interface BlobOptions {
  readonly scanIntervalMs: number;
  /** Attempts before a blob goes to the poison queue. */
  readonly poisonThreshold: number;
  readonly parallelism: number;
  readonly deliverTwice: boolean;
}

const MAX_BACKOFF_MS = 15_000;
const POISON_QUEUE = "webjobs-blobtrigger-poison";

/** Scans one function's container and delivers what is new; each (function, blob, ETag) once, with retries and a poison queue. */
export class BlobListener {
  private readonly outage: OutageLog;
  private readonly seen = new Set<string>();
  private readonly active = new Set<number>();
  private failures = 0;
  private stopped = false;
  private scanTimer: NodeJS.Timeout | undefined;
  private pumpTimer: NodeJS.Timeout | undefined;

  constructor(
    readonly trigger: BlobTrigger,
    private readonly queue: BlobQueue,
    private readonly options: BlobOptions,
  ) {
    this.outage = new OutageLog(`storage of blob function ${trigger.fn.name}`);
  }

  /** Begins to scan and to deliver. */
  start(): void {
    if (this.trigger.scanned) void this.scan();
    this.pump();
  }

  /** Takes up nothing new. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.scanTimer);
    clearTimeout(this.pumpTimer);
  }

  /** Delivers now what an event or a test announced, whether or not there is a receipt. */
  announce(container: string, blob: string, etag: string): void {
    this.queue.push(this.trigger.fn.name, { container, blob, etag: plainEtag(etag), source: "event" });
    this.pump();
  }

  private async scan(): Promise<void> {
    try {
      await this.list();
      this.failures = 0;
      this.outage.recovered();
    } catch (error) {
      this.failures++;
      this.outage.failed(error);
    }
    const delay = Math.min(MAX_BACKOFF_MS, this.options.scanIntervalMs * 2 ** Math.min(this.failures, 10));
    if (!this.stopped) this.scanTimer = setTimeout(() => void this.scan(), delay);
  }

  private async list(): Promise<void> {
    const { path, account, fn } = this.trigger;
    const container = account.blobs.getContainerClient(path.container);
    try {
      for await (const page of container.listBlobsFlat().byPage({ maxPageSize: 5000 })) {
        for (const item of page.segment.blobItems) {
          const etag = plainEtag(item.properties.etag);
          const key = `${item.name}\n${etag}`;
          if (this.seen.has(key)) continue;
          if (path.match(item.name))
            this.queue.offer(fn.name, { container: path.container, blob: item.name, etag, source: "scan" });
          this.seen.add(key);
        }
        this.pump();
      }
    } catch (error) {
      // The container may come later.
      if (statusOf(error) !== 404) throw error;
    }
  }

  private pump(): void {
    clearTimeout(this.pumpTimer);
    if (this.stopped) return;
    const free = this.options.parallelism - this.active.size;
    const due = this.queue
      .due(this.trigger.fn.name, this.options.parallelism * 2)
      .filter((message) => !this.active.has(message.seq));
    for (const message of due.slice(0, Math.max(0, free))) void this.deliver(message);
    this.pumpTimer = setTimeout(() => this.pump(), this.options.scanIntervalMs);
  }

  private async deliver(message: BlobMessage): Promise<void> {
    this.active.add(message.seq);
    try {
      await this.trigger.deliver(message, this.options.deliverTwice ? 2 : 1);
      this.queue.remove(message.seq);
    } catch (error) {
      await this.failed(message, error);
    } finally {
      this.active.delete(message.seq);
      this.pump();
    }
  }

  private async failed(message: BlobMessage, error: unknown): Promise<void> {
    if (error instanceof StorageOutage) {
      this.outage.failed(error);
      this.queue.retry(message.seq, Math.min(MAX_BACKOFF_MS, this.options.scanIntervalMs * 2), false);
      return;
    }
    if (message.dequeueCount + 1 < this.options.poisonThreshold) {
      this.queue.retry(
        message.seq,
        Math.min(MAX_BACKOFF_MS, this.options.scanIntervalMs * 2 ** message.dequeueCount),
        true,
      );
      return;
    }
    await this.poison(message);
  }

  private async poison(message: BlobMessage): Promise<void> {
    const { functionId, account } = this.trigger;
    const body = {
      FunctionId: functionId,
      BlobType: "BlockBlob",
      ContainerName: message.container,
      BlobName: message.blob,
      ETag: `"${message.etag}"`,
    };
    try {
      await account.sendMessage(POISON_QUEUE, Buffer.from(JSON.stringify(body)).toString("base64"));
      this.queue.remove(message.seq);
      const attempts = String(message.dequeueCount + 1);
      log(
        "warning",
        `Message has reached MaxDequeueCount of ${attempts}. Moving message to queue '${POISON_QUEUE}': ${message.container}/${message.blob}`,
      );
    } catch (error) {
      log(
        "warning",
        `poison queue '${POISON_QUEUE}' did not take ${message.container}/${message.blob}, trying again: ${messageOf(error)}`,
      );
      this.queue.retry(message.seq, MAX_BACKOFF_MS, false);
    }
  }
}
