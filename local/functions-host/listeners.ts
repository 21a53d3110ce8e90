import type { Database } from "./database";
import type { HostConfig } from "./host-json";
import { log, messageOf } from "./log";
import type { HostOptions } from "./options";
import { isDisabled } from "./settings";
import { BlobListener } from "./triggers/blob-listener";
import { BlobQueue } from "./triggers/blob-queue";
import { BlobTrigger } from "./triggers/blob-trigger";
import { TimerTrigger } from "./triggers/timer-trigger";
import type { RegisteredFunction } from "./worker/core-types";
import type { Invoker } from "./worker/invoker";

const SERVED = new Set(["httptrigger", "orchestrationtrigger", "activitytrigger"]);

/** The timer and blob functions of the app, ready to start. */
export class Listeners {
  readonly timers = new Map<string, TimerTrigger>();
  readonly blobs: BlobListener[] = [];

  /** A function that cannot listen (bad schedule, missing connection, unknown trigger) is reported and left out; the others are served. */
  constructor(
    functions: Iterable<RegisteredFunction>,
    invoker: Invoker,
    db: Database,
    options: HostOptions,
    config: HostConfig,
  ) {
    const queue = new BlobQueue(db);
    const blobOptions = {
      scanIntervalMs: options.scanIntervalMs,
      poisonThreshold: config.poisonBlobThreshold,
      parallelism: config.blobParallelism,
      deliverTwice: options.deliverTwice,
    };
    for (const fn of functions) {
      const type = fn.trigger.type.toLowerCase();
      try {
        if (type === "timertrigger") this.timers.set(fn.name, new TimerTrigger(fn, invoker, db, options.deliverTwice));
        else if (type === "blobtrigger")
          this.blobs.push(new BlobListener(new BlobTrigger(fn, invoker), queue, blobOptions));
        else if (!SERVED.has(type))
          log(
            "warning",
            `The '${fn.name}' function is not served: this host has no trigger of type "${fn.trigger.type}".`,
          );
      } catch (error) {
        log("error", `The '${fn.name}' function is in error: ${messageOf(error)}`);
      }
    }
  }

  /** Starts those that are not disabled. */
  start(): void {
    for (const [name, timer] of this.timers) if (!isDisabled(name)) timer.start();
    for (const blob of this.blobs) if (!isDisabled(blob.trigger.fn.name)) blob.start();
  }

  stop(): void {
    for (const timer of this.timers.values()) timer.stop();
    for (const blob of this.blobs) blob.stop();
  }
}
