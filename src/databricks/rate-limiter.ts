import type { Clock } from "./clock";

/** Lets calls through at a bounded rate, in the order in which they came. */
export interface RateLimiter {
  /** Resolves when the call may be made. */
  acquire(): Promise<void>;
}

/** A token bucket: holds one second's worth of calls, refills steadily. */
export function createRateLimiter(requestsPerSecond: number, clock: Clock): RateLimiter {
  const capacity = Math.max(1, requestsPerSecond);
  let tokens = capacity;
  let filledAt = clock.now();
  let queue: Promise<void> = Promise.resolve();

  async function take(): Promise<void> {
    const now = clock.now();
    tokens = Math.min(capacity, tokens + (Math.max(0, now - filledAt) * requestsPerSecond) / 1000);
    filledAt = now;
    if (tokens < 1) {
      await clock.sleep(Math.ceil(((1 - tokens) * 1000) / requestsPerSecond));
      filledAt = clock.now();
      tokens = 1;
    }
    tokens -= 1;
  }

  return {
    acquire() {
      queue = queue.then(take);
      return queue;
    },
  };
}
