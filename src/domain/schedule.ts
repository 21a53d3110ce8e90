import { Cron } from "croner";

const parsed = new Map<string, Cron>();

/**
 * Parses NCRONTAB: six fields, UTC; day of month and day of week must both match, as the Functions host has it. The sweeper asks every
 * minute, so each expression is parsed once.
 */
function parse(expression: string): Cron {
  const known = parsed.get(expression);
  if (known) return known;
  const cron = new Cron(expression, { timezone: "UTC", domAndDow: true, mode: "6-part", paused: true });
  parsed.set(expression, cron);
  return cron;
}

/** Why the expression is no NCRONTAB schedule, or null when it is one. */
export function scheduleFault(expression: string): string | null {
  try {
    return parse(expression).nextRun() === null ? "never occurs" : null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The newest occurrence not after `at`, or null when there was none in the last years. */
export function lastOccurrence(expression: string, at: Date): Date | null {
  // previousRuns looks strictly before its reference, which has whole seconds.
  const justAfter = new Date(Math.floor(at.getTime() / 1000) * 1000 + 1000);
  return parse(expression).previousRuns(1, justAfter)[0] ?? null;
}

/** Occurrences in `(after, until]`, oldest first; of more than `limit`, the newest. */
export function occurrencesBetween(expression: string, after: Date, until: Date, limit: number): Date[] {
  const cron = parse(expression);
  const next = cron.nextRun(after);
  if (next === null || next > until) return [];
  const justAfter = new Date(Math.floor(until.getTime() / 1000) * 1000 + 1000);
  return cron
    .previousRuns(limit, justAfter)
    .filter((at) => at > after)
    .reverse();
}
