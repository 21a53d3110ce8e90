const DAY_MS = 86_400_000;

/** The days of the demo: half-open, in the simulator's year. */
export interface Calendar {
  /** First day of the data. */
  readonly first: string;
  /** As-of points before this instant train the model. */
  readonly trainingEnd: string;
  /** The last day of the history: everything up to its 06:00. */
  readonly historyEnd: string;
  /** The days that are dropped one by one. */
  readonly days: readonly string[];
}

/** Day `count` days after `day`, both as yyyy-mm-dd. */
export function addDays(day: string, count: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10);
}

/** Months to learn from (seven, with real events all ten), a month that no training sees, then `days` single days. */
export function demoCalendar(days: number, realEvents: boolean): Calendar {
  const historyEnd = "2015-12-01";
  return {
    first: realEvents ? "2015-01-01" : "2015-04-01",
    trainingEnd: "2015-10-31",
    historyEnd,
    days: Array.from({ length: days }, (_, index) => addDays(historyEnd, index + 1)),
  };
}
