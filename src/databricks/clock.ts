import { setTimeout as sleep } from "node:timers/promises";

/** Time as a dependency, so that no test of a retry sleeps. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = { now: () => Date.now(), sleep: (ms) => sleep(ms) };
