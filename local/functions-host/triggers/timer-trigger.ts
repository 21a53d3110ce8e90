import type { Database } from "../database";
import { log, messageOf } from "../log";
import { resolveSettings } from "../settings";
import { textOption } from "../worker/core-types";
import type { RegisteredFunction, RpcTypedData } from "../worker/core-types";
import type { Invoker } from "../worker/invoker";
import { parseSchedule } from "./schedule";
import type { Schedule } from "./schedule";

const MAX_TIMEOUT_MS = 24 * 86_400_000;

interface Status {
  last: number | null;
  next: number | null;
  updatedAt: number;
}

/** Runs one timer function on its schedule; never two runs at a time. Its status survives restarts, so that a missed run is made up for. */
export class TimerTrigger {
  private readonly schedule: Schedule;
  private readonly expression: string;
  private readonly monitored: boolean;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly fn: RegisteredFunction,
    private readonly invoker: Invoker,
    private readonly db: Database,
    private readonly deliverTwice: boolean,
  ) {
    this.expression = resolveSettings(textOption(fn.trigger, "schedule", ""), `schedule of timer function ${fn.name}`);
    this.schedule = parseSchedule(this.expression, fn.name);
    this.monitored = fn.trigger["useMonitor"] !== false && !this.schedule.frequent;
  }

  /** Starts the schedule: a run at once when one was missed or `runOnStartup` says so, else at the next occurrence. */
  start(): void {
    const now = Date.now();
    const due = this.monitored ? this.nextByStatus() : undefined;
    if (due !== undefined && due < now) void this.run(true);
    else if (this.fn.trigger["runOnStartup"] === true) void this.run(false);
    else this.arm(due ?? this.schedule.next(now));
  }

  /** Runs no more. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** One run outside the schedule, for the admin endpoint. */
  async runNow(): Promise<void> {
    await this.invoke(false, "This function was programmatically called via the host APIs.");
  }

  private status(): Status | undefined {
    const row = this.db.get("SELECT last, next, updated_at FROM timer_status WHERE function = ?", this.fn.name);
    return (
      row && {
        last: row["last"] as number | null,
        next: row["next"] as number | null,
        updatedAt: Number(row["updated_at"]),
      }
    );
  }

  /** When the stored status says that the function should run next; the first start counts from now. */
  private nextByStatus(): number | undefined {
    const row = this.db.get("SELECT schedule FROM timer_status WHERE function = ?", this.fn.name);
    const status = this.status();
    const sameSchedule = row?.["schedule"] === this.expression;
    const next =
      status && sameSchedule
        ? status.next
        : status
          ? this.schedule.next(status.last ?? status.updatedAt)
          : this.schedule.next(Date.now());
    if (!status || !sameSchedule) this.store(status?.last ?? null, next ?? null);
    return next ?? undefined;
  }

  private store(last: number | null, next: number | null): void {
    this.db.run(
      `INSERT INTO timer_status (function, schedule, last, next, updated_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (function) DO UPDATE SET schedule = excluded.schedule, last = excluded.last, next = excluded.next, updated_at = excluded.updated_at`,
      ...[this.fn.name, this.expression, last, next, Date.now()],
    );
  }

  private arm(at: number | undefined): void {
    if (this.stopped || at === undefined) return;
    const wait = Math.max(0, at - Date.now());
    // A delay that setTimeout cannot hold is taken in pieces.
    this.timer = setTimeout(
      () => (wait > MAX_TIMEOUT_MS ? this.arm(at) : void this.run(false, at)),
      Math.min(wait, MAX_TIMEOUT_MS),
    );
  }

  private async run(isPastDue: boolean, occurrence = Date.now()): Promise<void> {
    const reason = isPastDue
      ? "Timer fired at start-up: a run was missed"
      : `Timer fired at ${new Date().toISOString()}`;
    await this.invoke(isPastDue, reason);
    if (this.deliverTwice) await this.invoke(isPastDue, `${reason} (second delivery)`);
    // Counted from the occurrence, or a timer that fires early would run twice.
    const next = this.schedule.next(Math.max(occurrence, Date.now()));
    if (this.monitored) this.store(occurrence, next ?? null);
    this.arm(next);
  }

  private async invoke(isPastDue: boolean, reason: string): Promise<void> {
    const status = this.monitored ? this.status() : undefined;
    const iso = (time: number | null | undefined): string => new Date(time ?? 0).toISOString();
    const json = JSON.stringify({
      Schedule: { AdjustForDST: true },
      ScheduleStatus: status
        ? { Last: iso(status.last), Next: iso(status.next), LastUpdated: iso(status.updatedAt) }
        : null,
      IsPastDue: isPastDue,
    });
    const trigger: RpcTypedData = { json };
    try {
      await this.invoker.invoke(this.fn, { trigger, reason });
    } catch (error) {
      log("debug", `timer function ${this.fn.name} failed, its schedule goes on: ${messageOf(error)}`);
    }
  }
}
