const DAY_MS = 86_400_000;

/** The days of the demo: half-open, in the simulator's years. */
export interface Calendar {
  /** First day of the data. */
  readonly first: string;
  /** As-of points before this instant train the model. */
  readonly trainingEnd: string;
  /** The last day of the history. */
  readonly historyEnd: string;
  /** What lies between the two, in words. */
  readonly unseen: string;
  /** The days that are dropped one by one. */
  readonly days: readonly string[];
}

/** Day `count` days after `day`, both as yyyy-mm-dd. */
export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10);
}

/** `count` days after `day`, one by one. */
export const daysAfter = (day: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => addDays(day, index + 1));
