/** A timer is set for this long at most, so that a clock that was changed, or a machine that slept, is noticed. */
const MAX_SLEEP_MS = 60_000;

/** One alarm for each id, by the clock on the wall. */
export class Alarms {
  private readonly timers = new Map<number, NodeJS.Timeout>();

  /** Calls `act` at `due` (epoch milliseconds), in place of what was set for the id before. */
  set(id: number, due: number, act: () => void): void {
    this.clear(id);
    const ring = (): void => {
      if (Date.now() < due) return this.set(id, due, act);
      this.timers.delete(id);
      act();
    };
    this.timers.set(id, setTimeout(ring, Math.min(Math.max(0, due - Date.now()), MAX_SLEEP_MS)));
  }

  clear(id: number): void {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
  }

  clearAll(): void {
    for (const id of [...this.timers.keys()]) this.clear(id);
  }
}
