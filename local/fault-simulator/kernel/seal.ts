import crypto from "node:crypto";
import timers from "node:timers/promises";
import type { Appointment } from "./agenda";
import type { Chance } from "./chance";

/** Where sealed code reads time and chance from; exchanged for every schedule. */
export interface Sources {
  readonly now: () => number;
  readonly chance: Chance;
  /** Runs something later, unless the process that asked for it is dead by then. */
  readonly later: (ms: number, run: () => void) => Appointment;
}

/**
 * Replaces the clock, the timers and every source of chance of this process by those of the schedule, so that code which uses them by
 * itself is as repeatable as the rest. `performance.now()` stays real: it times the simulator. Returns how to undo it.
 */
export function seal(sources: () => Sources): () => void {
  const real = { Date: globalThis.Date, random: Math.random, uuid: crypto.randomUUID, bytes: crypto.randomBytes };
  const timer = { set: globalThis.setTimeout, clear: globalThis.clearTimeout, promise: timers.setTimeout };
  class VirtualDate extends real.Date {
    constructor(...args: unknown[]) {
      if (args.length === 0) super(sources().now());
      else super(...(args as [number]));
    }
    /** Dates from before the sealing are dates as well. */
    static override [Symbol.hasInstance](value: unknown): boolean {
      return Object.prototype.toString.call(value) === "[object Date]";
    }
    static override now(): number {
      return sources().now();
    }
  }
  const hex = (): string => sources().chance.hex();
  globalThis.Date = VirtualDate as DateConstructor;
  Math.random = () => sources().chance.next();
  crypto.randomUUID = () => {
    const digits = `${hex()}${hex()}${hex()}${hex()}`;
    const parts = [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`, `a${digits.slice(17, 20)}`];
    return [...parts, digits.slice(20, 32)].join("-") as ReturnType<typeof crypto.randomUUID>;
  };
  crypto.randomBytes = (size: number) =>
    Buffer.from(Array.from({ length: size }, () => sources().chance.whole(0, 255)));
  const set = (run: (...parts: unknown[]) => void, ms = 0, ...parts: unknown[]) =>
    sources().later(ms, () => run(...parts));
  globalThis.setTimeout = set as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((planned?: Partial<Appointment>) => {
    if (planned) planned.cancelled = true;
  }) as typeof clearTimeout;
  timers.setTimeout = (async (ms = 0, value?: unknown) =>
    new Promise<unknown>((resolve) => void sources().later(ms, () => resolve(value)))) as typeof timers.setTimeout;
  return () => {
    globalThis.Date = real.Date;
    globalThis.setTimeout = timer.set;
    globalThis.clearTimeout = timer.clear;
    timers.setTimeout = timer.promise;
    Math.random = real.random;
    crypto.randomUUID = real.uuid;
    crypto.randomBytes = real.bytes;
  };
}
