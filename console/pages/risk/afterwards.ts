import type { Evidence, Predictions } from "../../api/types";

type Point = Predictions["value"][number];

/** What became of alerts in a row, or of a failure that nobody announced. */
export interface Fate {
  readonly target: string;
  /** When the first alert was due, or the failure came. */
  readonly at: string;
  readonly kind: "came true" | "no failure" | "open" | "not announced";
  /** The highest chance of these points. */
  readonly peak: number;
  readonly failedAt: string | null;
}

const HOUR_MS = 3_600_000;

/** The alerts of one horizon beside the failures that are known, newest first. */
export function fatesOf(
  points: readonly Point[],
  horizon: number,
  { known, failures }: Evidence["afterwards"],
): Fate[] {
  const span = horizon * HOUR_MS;
  const isKnown = (from: number, until: number) =>
    known.some((one) => Date.parse(one.from) <= from && until <= Date.parse(one.until));
  const fates = [...new Set(points.map(({ target }) => target))].flatMap((target): Fate[] => {
    const own = points.filter((point) => point.target === target);
    const failed = failures.filter((failure) => failure.target === target).map(({ at }) => at);
    const alerts = inRow(own).map((row): Fate => {
      const [from, last] = [time(row[0]), time(row.at(-1))];
      const failedAt = failed.find((at) => Date.parse(at) > from && Date.parse(at) <= last + span) ?? null;
      const kind = failedAt ? "came true" : isKnown(from, last + span) ? "no failure" : "open";
      return { target, at: row[0]?.asOf ?? "", kind, peak: peakOf(row), failedAt };
    });
    const missed = failed.flatMap((at): Fate[] => {
      const before = own.filter(
        ({ asOf }) => Date.parse(asOf) < Date.parse(at) && Date.parse(asOf) + span >= Date.parse(at),
      );
      if (before.length === 0 || before.some(({ alert }) => alert)) return [];
      return [{ target, at, kind: "not announced", peak: peakOf(before), failedAt: at }];
    });
    return [...alerts, ...missed];
  });
  return fates.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

const time = (point: Point | undefined): number => Date.parse(point?.asOf ?? "");
const peakOf = (points: readonly Point[]): number => Math.max(...points.map(({ probability }) => probability));

/** Alerts of one target that follow one another. */
function inRow(points: readonly Point[]): Point[][] {
  const rows: Point[][] = [];
  let before = false;
  for (const point of points) {
    if (point.alert && before) rows.at(-1)?.push(point);
    else if (point.alert) rows.push([point]);
    before = point.alert;
  }
  return rows;
}
