import type { Clock } from "../../src/databricks/clock";

/** A clock that jumps over every sleep and remembers it. */
export class FakeClock implements Clock {
  readonly slept: number[] = [];

  constructor(private at = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.at;
  }

  advance(ms: number): void {
    this.at += ms;
  }

  sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    this.at += ms;
    return Promise.resolve();
  }
}
