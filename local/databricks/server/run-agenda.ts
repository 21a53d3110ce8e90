import { Alarms } from "./alarms";

/** Which runs are to be looked at, and when: those to which something happened, and no others. */
export class RunAgenda {
  /** Runs to look at now. */
  private readonly due = new Set<number>();
  /** Runs with tasks that wait for a slot, the longest waiting first. */
  private readonly starved = new Set<number>();
  private readonly alarms = new Alarms();
  /** The starved run that is looked at because a slot is free. */
  private fed: number | undefined;
  private working = false;
  private stopped = false;

  /**
   * @param look - does what is due for a run; returns when it is due again in epoch milliseconds, infinite for never
   * @param hasFreeSlot - whether a starved run could go on
   */
  constructor(
    private readonly look: (runId: number) => number,
    private readonly hasFreeSlot: () => boolean,
  ) {}

  /** Looks at these runs, and at all that this lets go on. */
  wake(...runIds: readonly number[]): void {
    for (const runId of runIds) this.due.add(runId);
    // Called from within a look: the loop below sees them.
    if (this.working || this.stopped) return;
    this.working = true;
    try {
      while (this.visitNext());
    } finally {
      this.working = false;
    }
  }

  /** Looks at a run again when a slot is free and no other has waited longer; a run that waits already keeps its place. */
  starve(runId: number): void {
    this.starved.add(runId);
  }

  /** Whether a run is looked at because it is its turn to take a free slot. */
  isFed(runId: number): boolean {
    return this.fed === runId;
  }

  stop(): void {
    this.stopped = true;
    this.alarms.clearAll();
  }

  private visitNext(): boolean {
    const [due] = this.due;
    const runId = due ?? (this.hasFreeSlot() ? this.starved.values().next().value : undefined);
    if (runId === undefined) return false;
    this.fed = due === undefined ? runId : undefined;
    (due === undefined ? this.starved : this.due).delete(runId);
    this.visit(runId);
    this.fed = undefined;
    return true;
  }

  private visit(runId: number): void {
    this.alarms.clear(runId);
    const due = this.look(runId);
    if (Number.isFinite(due)) this.alarms.set(runId, due, () => this.wake(runId));
  }
}
