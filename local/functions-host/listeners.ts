import type { Database } from "./database";
import type { HostConfig } from "./host-json";
import { log, messageOf } from "./log";
import type { HostOptions } from "./options";
import { isDisabled } from "./settings";
import { BlobListener } from "./triggers/blob-listener";
import { BlobQueue } from "./triggers/blob-queue";
import { BlobTrigger } from "./triggers/blob-trigger";
import { McpTools } from "./triggers/mcp-tools";
import { QueueListener } from "./triggers/queue-listener";
import { QueueTrigger } from "./triggers/queue-trigger";
import { TimerTrigger } from "./triggers/timer-trigger";
import type { RegisteredFunction } from "./worker/core-types";
import type { Invoker } from "./worker/invoker";

const SERVED = new Set(["httptrigger", "orchestrationtrigger", "activitytrigger"]);

/** The timer, blob, queue and tool functions of the app, ready to start. */
export class Listeners {
  readonly timers = new Map<string, TimerTrigger>();
  readonly blobs: BlobListener[] = [];
  readonly queues: QueueListener[] = [];
  readonly mcpTools: McpTools;
  private readonly blobQueue: BlobQueue;

  /** A function that cannot listen (bad schedule, missing connection, unknown trigger) is reported and left out; the others are served. */
  constructor(
    functions: Iterable<RegisteredFunction>,
    private readonly invoker: Invoker,
    private readonly db: Database,
    private readonly options: HostOptions,
    private readonly config: HostConfig,
  ) {
    this.blobQueue = new BlobQueue(db);
    this.mcpTools = new McpTools(invoker);
    for (const fn of functions) {
      try {
        this.add(fn);
      } catch (error) {
        log("error", `The '${fn.name}' function is in error: ${messageOf(error)}`, "Host.Startup");
      }
    }
  }

  private add(fn: RegisteredFunction): void {
    const { deliverTwice, scanIntervalMs } = this.options;
    const { blobs, queues } = this.config;
    const type = fn.trigger.type.toLowerCase();
    if (type === "timertrigger") this.timers.set(fn.name, new TimerTrigger(fn, this.invoker, this.db, deliverTwice));
    else if (type === "blobtrigger")
      this.blobs.push(
        new BlobListener(new BlobTrigger(fn, this.invoker), this.blobQueue, { ...blobs, scanIntervalMs, deliverTwice }),
      );
    else if (type === "queuetrigger")
      this.queues.push(
        new QueueListener(new QueueTrigger(fn, this.invoker, queues.messageEncoding), { ...queues, deliverTwice }),
      );
    else if (type === "mcptooltrigger") this.mcpTools.add(fn);
    else if (!SERVED.has(type))
      log(
        "warning",
        `The '${fn.name}' function is not served: this host has no trigger of type "${fn.trigger.type}".`,
        "Host.Startup",
      );
  }

  /** Starts those that are not disabled. */
  start(): void {
    for (const [name, timer] of this.timers) if (!isDisabled(name)) timer.start();
    for (const listener of [...this.blobs, ...this.queues]) if (!isDisabled(listener.trigger.fn.name)) listener.start();
  }

  stop(): void {
    for (const listener of [...this.timers.values(), ...this.blobs, ...this.queues]) listener.stop();
  }

  /** Resolves when the messages that were taken up are settled, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    const late = new Promise((resolve) => setTimeout(resolve, timeoutMs).unref());
    await Promise.race([Promise.all(this.queues.map((queue) => queue.drain())), late]);
  }
}
