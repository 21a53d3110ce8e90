import type { Lakehouse } from "../databricks/lakehouse";
import { isActive } from "../databricks/model-run";
import { isFinished } from "../durable/task-hub";
import type { Violation } from "../kernel/kernel";
import type { Trace } from "../kernel/trace";
import { checkAll } from "../checks/all";
import type { AppCode } from "./app-code";
import type { LedgerView } from "./ledger-view";
import { People } from "./people";
import type { Plan } from "./plan";
import { Triggers } from "./triggers";
import { World } from "./world";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Once faults stop, everything is final within so long: what the definitions of the simulation give. */
export const SETTLED_WITHIN_MS = 8 * HOUR;
/** Sweeper passes that find and write nothing before a world counts as at rest. */
const IDLE_PASSES = 3;

/** What came of a schedule. */
export interface Played {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly counts: ReadonlyMap<string, number>;
  readonly steps: number;
  readonly calls: number;
  readonly virtualMs: number;
  readonly trace: Trace;
  readonly ledger: LedgerView;
  readonly lakehouse: Lakehouse;
}

/** Plays one schedule from begin to end and checks it. Runs in one go; call it outside of any promise reaction. */
export function play(app: AppCode, plan: Plan, sealTo: (world: World) => void, traced = false): Played {
  const world = new World(app, plan, traced);
  sealTo(world);
  const { kernel } = world;
  const triggers = new Triggers(world);
  const people = new People(world, triggers);
  const ending = new Ending(world, triggers, people);
  try {
    world.start();
    triggers.scheduleOn();
    triggers.sweepOn(() => ending.nextGap());
    for (const item of plan.items) kernel.at(plan.startsAt + item.after, () => people.act(item));
    kernel.at(plan.startsAt + plan.lengthMs, () => ending.begin());
    kernel.run(() => ending.over);
    world.lines.push(...(world.host?.lines ?? []));
    checkAll(world, people, triggers, ending.settled);
  } catch (error) {
    kernel.violate(
      "SIM",
      "schedule-broke-off",
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }
  const calls = Object.values(world.wire.calls).reduce((sum, count) => sum + count, 0);
  const { violations, counts, steps, trace } = kernel;
  return {
    seed: plan.seed,
    violations,
    counts,
    steps,
    calls,
    virtualMs: kernel.now - plan.startsAt,
    trace,
    ledger: world.watch.view,
    lakehouse: world.lakehouse,
  };
}

/** The second half of a schedule: faults stop, and the world has to come to rest. */
class Ending {
  over = false;
  settled = false;
  private begunAt = 0;
  private idle = 0;
  private passes = 0;

  constructor(
    private readonly world: World,
    private readonly triggers: Triggers,
    private readonly people: People,
  ) {}

  begin(): void {
    const { world } = this;
    this.begunAt = world.kernel.now;
    world.endFaults();
    // The definitions that belong there are deployed again.
    if (world.variant !== "plain") {
      world.kill({ kind: "definitions", variant: "plain" });
      world.kernel.after(1_000, () => this.people.restart());
    }
    world.kernel.after(60_000, () => this.people.restart());
    world.kernel.after(120_000, () => this.people.operators.resume());
    // What else happens, the end comes.
    world.kernel.after(SETTLED_WITHIN_MS, () => {
      this.over = true;
    });
  }

  /** Minutes until the next pass of the sweeper. While nothing happens, passes become rare: they would find the same. */
  nextGap(): number | null {
    const { world, triggers } = this;
    if (this.begunAt === 0) return world.plan.sweepEveryMinutes;
    const pass = triggers.lastPass;
    this.passes += 1;
    const quiet = pass !== null && !pass.wrote && world.watch.lastWriteAt < world.kernel.now - MINUTE;
    this.idle = quiet ? this.idle + 1 : 0;
    const rests = this.atRest();
    // A whole period of the schedule has to pass as well, so that what waits for the next run gets it.
    if (rests && this.idle >= IDLE_PASSES && world.kernel.now > this.begunAt + 2.5 * HOUR) {
      this.settled = true;
      this.over = true;
      return null;
    }
    if (this.passes < 3) return 1;
    if (this.idle === 0) return Math.min(3, world.plan.sweepEveryMinutes);
    // Not whole hours: there the schedule itself writes.
    return rests ? 50 : Math.min(10, 5 * this.idle);
  }

  private atRest(): boolean {
    const { hub, jobs } = this.world;
    for (const instance of hub.instances.values()) if (!isFinished(instance)) return false;
    for (const run of jobs.runs.values()) if (isActive(run) && !run.foreign) return false;
    return hub.activities.size === 0;
  }
}
