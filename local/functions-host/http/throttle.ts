/** Limits of `extensions.http`: how many requests run at the same time, and how many may wait or run. */
export class Throttle {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly maxConcurrent: number,
    private readonly maxOutstanding: number,
  ) {}

  /** Runs the work when there is room. Returns false, without running it, when too many are outstanding. */
  async run(work: () => Promise<void>): Promise<boolean> {
    if (this.running + this.waiting.length >= this.maxOutstanding) return false;
    if (this.running >= this.maxConcurrent) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
    try {
      await work();
    } finally {
      // The room is handed on, so that nobody who comes meanwhile takes it.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
    return true;
  }
}
