import { Agenda, type Appointment } from "./agenda";
import { Chance } from "./chance";
import { runMicrotasks } from "./microtasks";
import { Trace } from "./trace";

/** Something in a schedule that must not be. */
export interface Violation {
  /** The rule that is broken, such as `I4` or `R1`. */
  readonly rule: string;
  /** Stable name of the kind, for counting: `two-runs-of-a-group`. */
  readonly kind: string;
  readonly message: string;
  readonly at: number;
}

/** Virtual time, the agenda, the sources of chance and the trace of one schedule. Everything happens in one thread, one thing at a time. */
export class Kernel {
  readonly trace: Trace;
  readonly violations: Violation[] = [];
  readonly counts = new Map<string, number>();
  readonly latency: Chance;
  readonly faults: Chance;
  readonly entropy: Chance;
  private readonly agenda = new Agenda();
  steps = 0;

  constructor(
    readonly seed: number,
    public now: number,
    traced: boolean,
    private readonly maxSteps: number,
  ) {
    this.trace = new Trace(traced, () => this.now);
    this.latency = new Chance(seed, "latency");
    this.faults = new Chance(seed, "faults");
    this.entropy = new Chance(seed, "entropy");
  }

  at(time: number, run: () => void): Appointment {
    return this.agenda.add(Math.max(time, this.now), run);
  }

  after(ms: number, run: () => void): Appointment {
    return this.agenda.add(this.now + ms, run);
  }

  /** Virtual time until the next appointment; undefined when there is none. */
  nextAt(): number | undefined {
    return this.agenda.next();
  }

  /** Lets things happen until `done` says so or nothing is left. */
  run(done: () => boolean): void {
    runMicrotasks();
    while (!done()) {
      const next = this.agenda.take();
      if (next === undefined) return;
      if (next.at > this.now) this.now = next.at;
      this.steps += 1;
      if (this.steps > this.maxSteps) {
        this.violate("I12", "too-much-work", `more than ${this.maxSteps} steps: something goes on and on`);
        return;
      }
      next.run();
      runMicrotasks();
    }
  }

  violate(rule: string, kind: string, message: string): void {
    // The first of a kind tells the story; the others follow from it.
    if (this.violations.some((violation) => violation.kind === kind)) return;
    this.violations.push({ rule, kind, message, at: this.now });
    this.trace.add("simulator", `${rule} is broken`, message, "violation");
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }
}
