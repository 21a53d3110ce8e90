import { Cron } from "croner";
import type { Host } from "./host";
import { dropKey } from "./ledger-view";
import type { RegisteredFunction } from "./worker-core";
import type { World } from "./world";

const MINUTE = 60_000;
/** The host gives up a blob event after so many tries; then only the sweeper finds the blob. */
const MAX_DELIVERIES = 5;
const everyMinute = (fn: RegisteredFunction): boolean => fn.trigger["schedule"] === "0 * * * * *";

/** What the functions host fires: timers and blob events. Timers get lost, fire twice, or wait for a host. */
export class Triggers {
  /** When the sweeper last ended a pass, and whether it wrote anything. */
  lastPass: { at: number; wrote: boolean; calls: number } | null = null;
  /** Events that a host is at work on. */
  private readonly taken = new Set<{ readonly path: string; readonly delivery: number; readonly host: Host }>();

  constructor(private readonly world: World) {}

  /** Fires the one-minute timers now and, `nextGap` minutes later, again. */
  sweepOn(nextGap: () => number | null): void {
    const { kernel } = this.world;
    const tick = (): void => {
      this.fireMinute();
      const gap = nextGap();
      if (gap !== null) kernel.at(boundary(kernel.now, gap), tick);
    };
    kernel.at(boundary(kernel.now, 1), tick);
  }

  /** Fires the schedule of every pipeline at its next occurrence, again and again. */
  scheduleOn(): void {
    const { kernel } = this.world;
    const next = nextOccurrence("0 0 */2 * * *", kernel.now);
    kernel.at(next, () => {
      this.fireSchedules(next);
      this.scheduleOn();
    });
  }

  /** A blob event arrives; one that the app did not take, or that died with its host, is delivered again. */
  blobEvent(path: string, delivery = 1): void {
    const { world } = this;
    const { host, kernel } = world;
    if (host === null) {
      kernel.after(5_000, () => this.blobEvent(path, delivery));
      return;
    }
    const [fn] = host.ofType("blobtrigger");
    if (!fn) return;
    const event = { path, delivery, host };
    this.taken.add(event);
    const etag = world.blobs.get("drops", path)?.etag;
    void host.invoke(fn, { ContainerName: "drops", BlobName: path }).then(({ ok }) => {
      this.taken.delete(event);
      if (ok) this.checkRecorded(path, etag);
      else if (delivery < MAX_DELIVERIES)
        kernel.after(kernel.latency.skewed(5_000, 60_000), () => this.blobEvent(path, delivery + 1));
      else kernel.count("blob event given up");
    });
  }

  /** A host started: what died with the one before is delivered to it. */
  hostStarted(): void {
    for (const event of [...this.taken]) {
      if (event.host.alive) continue;
      this.taken.delete(event);
      this.world.kernel.after(this.world.kernel.latency.skewed(1_000, 30_000), () =>
        this.blobEvent(event.path, event.delivery),
      );
    }
  }

  private checkRecorded(path: string, etag: string | undefined): void {
    const { blobs, kernel, watch } = this.world;
    if (etag === undefined || blobs.get("drops", path)?.etag !== etag || watch.view.drops.has(dropKey(path, etag)))
      return;
    if (blobs.get("drops", path)?.size === 0) return;
    kernel.violate("I1", "event-without-drop", `the trigger of ${path} succeeded and no drop is in the ledger`);
  }

  private fireMinute(): void {
    const { host, kernel, plan, wire } = this.world;
    if (host === null) return;
    const lossy = wire.faultsOn;
    if (lossy && kernel.faults.happens(plan.timerLost)) {
      kernel.count("timer lost");
      return;
    }
    const times = lossy && kernel.faults.happens(plan.timerTwice) ? 2 : 1;
    for (const fn of [...host.ofType("timertrigger")].filter(everyMinute))
      for (let time = 0; time < times; time += 1) void this.pass(fn);
  }

  private async pass(fn: RegisteredFunction): Promise<void> {
    const { host, kernel, wire, watch } = this.world;
    if (host === null) return;
    const begun = kernel.now;
    const before = calls(wire.calls);
    // A pass that begins under faults may fail after their end: it was refused before.
    const calm = !wire.faultsOn;
    kernel.count("sweeper pass");
    const { ok, fault } = await host.invoke(fn, { isPastDue: false });
    if (!ok && calm) kernel.violate("R2", "sweep-fails-without-a-fault", fault);
    this.lastPass = { at: kernel.now, wrote: watch.lastWriteAt >= begun, calls: calls(wire.calls) - before };
  }

  private fireSchedules(at: number): void {
    const { host, kernel, plan, wire } = this.world;
    if (host === null) return;
    for (const fn of host.ofType("timertrigger")) {
      const { schedule } = fn.trigger;
      if (everyMinute(fn) || typeof schedule !== "string" || nextOccurrence(schedule, at - 1000) !== at) continue;
      if (wire.faultsOn && kernel.faults.happens(plan.timerLost)) {
        kernel.count("schedule lost");
        continue;
      }
      const times = wire.faultsOn && kernel.faults.happens(plan.timerTwice) ? 2 : 1;
      for (let time = 0; time < times; time += 1)
        kernel.after(kernel.latency.skewed(10, 2_000), () => void host.invoke(fn, { isPastDue: false }));
    }
  }
}

/** The minute that is `gap` minutes ahead; gaps of five and more hit the minutes at which the app does its slow work. */
function boundary(now: number, gap: number): number {
  const step = gap >= 5 ? 5 * MINUTE : MINUTE;
  return Math.floor(now / step) * step + Math.max(gap * MINUTE, step);
}

const occurrences = new Map<string, Cron>();

function nextOccurrence(schedule: string, after: number): number {
  const cron = occurrences.get(schedule) ?? new Cron(schedule, { timezone: "UTC", paused: true });
  occurrences.set(schedule, cron);
  return cron.nextRun(new Date(after))?.getTime() ?? Number.POSITIVE_INFINITY;
}

const calls = ({ table, blob, jobs }: Readonly<Record<"table" | "blob" | "jobs", number>>): number =>
  table + blob + jobs;
