import { Cron } from "croner";

/**
 * When a pipeline runs by itself: NCRONTAB, six fields, in a named zone. On the day that a zone skips an hour, an occurrence inside it
 * is moved to the first moment after it; on the day that an hour comes twice, what is fixed in it occurs the first time only.
 */
export interface Schedule {
  readonly expression: string;
  /** IANA name such as `Europe/Berlin`. */
  readonly timeZone: string;
}

/** Parsed by expression and zone. */
const parsed = new Map<string, Cron>();

/** Day of month and day of week must both match, as the Functions host has it. The sweeper asks every minute, so each is parsed once. */
function parse({ expression, timeZone }: Schedule): Cron {
  const key = `${timeZone}|${expression}`;
  const known = parsed.get(key);
  if (known) return known;
  const cron = new Cron(expression, { timezone: timeZone, domAndDow: true, mode: "6-part", paused: true });
  parsed.set(key, cron);
  return cron;
}

/** Why the expression is no NCRONTAB schedule, or null when it is one. */
export function scheduleFault(expression: string): string | null {
  try {
    return parse({ expression, timeZone: "UTC" }).nextRun() === null ? "never occurs" : null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Why the name is no time zone, or null when it is one. An offset such as `+01:00` is none: it knows no daylight saving time. */
export function timeZoneFault(timeZone: string): string | null {
  if (timeZone === "UTC") return null;
  const expected = "expected UTC or the IANA name of a time zone, such as Europe/Berlin";
  if (!timeZone.includes("/")) return expected;
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return null;
  } catch {
    return expected;
  }
}

/** The newest occurrence not after `at`, or null when there was none in the last years. */
export function lastOccurrence(schedule: Schedule, at: Date): Date | null {
  // previousRuns looks strictly before its reference, which has whole seconds.
  const justAfter = new Date(Math.floor(at.getTime() / 1000) * 1000 + 1000);
  return parse(schedule).previousRuns(1, justAfter)[0] ?? null;
}

/** The first occurrence after `at`, or null when there is none any more. */
export function nextOccurrence(schedule: Schedule, at: Date): Date | null {
  return parse(schedule).nextRun(at);
}

/** Occurrences in `(after, until]`, oldest first; of more than `limit`, the newest. */
export function occurrencesBetween(schedule: Schedule, after: Date, until: Date, limit: number): Date[] {
  const cron = parse(schedule);
  const next = cron.nextRun(after);
  if (next === null || next > until) return [];
  const justAfter = new Date(Math.floor(until.getTime() / 1000) * 1000 + 1000);
  return cron
    .previousRuns(limit, justAfter)
    .filter((at) => at > after)
    .reverse();
}

/** A firing later than this after an occurrence leaves it to the sweeper, which asks for it then. */
const DUE_MS = 90_000;

/**
 * The expression of the host's timer, which knows UTC alone: the schedule itself, or in another zone every minute at its second.
 * `dueOccurrence` then tells which firings count.
 */
export function timerExpression({ expression, timeZone }: Schedule): string {
  return timeZone === "UTC" ? expression : `${expression.trim().split(/\s+/)[0] ?? "0"} * * * * *`;
}

/** The occurrence that a firing of the timer at `at` means; null when it means none. */
export function dueOccurrence(schedule: Schedule, at: Date): Date | null {
  const occurrence = lastOccurrence(schedule, at);
  if (occurrence === null || schedule.timeZone === "UTC") return occurrence;
  return at.getTime() - occurrence.getTime() <= DUE_MS ? occurrence : null;
}
