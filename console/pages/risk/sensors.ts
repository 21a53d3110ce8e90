import type { Evidence } from "../../api/types";

export type Before = NonNullable<Evidence["before"]>;
export type Sensor = Before["values"][number];
/** What happened: as scoring kept it, or a failure that monitoring tells of. */
export interface Mark {
  readonly at: string;
  readonly kind: Before["marks"][number]["kind"] | "failure";
  readonly name: string;
}

const DAY_S = 86_400;

/** The mean of the last day, or of the last reading where one is a day or more. */
export function lately({ points }: Sensor, stepSeconds: number): number | null {
  const last = points.slice(-Math.max(1, Math.floor(DAY_S / stepSeconds))).filter((point) => point !== null);
  return last.length === 0 ? null : last.reduce((sum, point) => sum + point, 0) / last.length;
}

/** How far the last day lies off normal, in standard deviations; 0 where either is not known. */
export function deviation(sensor: Sensor, stepSeconds: number): number {
  const mean = lately(sensor, stepSeconds);
  return mean === null || sensor.mean === null || !sensor.sd ? 0 : (mean - sensor.mean) / sensor.sd;
}

/** `191.2 V in the last day, 20.1 above its normal (1.4 sd)`. */
export function told(sensor: Sensor, stepSeconds: number): string {
  const mean = lately(sensor, stepSeconds);
  if (mean === null) return "no reading in the last day";
  const now = `${short(mean)}${sensor.unit && ` ${sensor.unit}`} in the last day`;
  if (sensor.mean === null) return now;
  const off = mean - sensor.mean;
  const sd = sensor.sd ? ` (${Math.abs(off / sensor.sd).toFixed(1)} sd)` : "";
  return `${now}, ${short(Math.abs(off))} ${off >= 0 ? "above" : "below"} its normal${sd}`;
}

/** Four digits at most, and no more than the number needs. */
export const short = (value: number): string => String(Number(value.toPrecision(Math.abs(value) >= 1000 ? 4 : 3)));

/** From the lowest to the highest of what is drawn, with a little room. */
export function rangeOf({ points, mean, sd }: Sensor): readonly [low: number, high: number] {
  const band = mean === null ? [] : [mean - 2 * (sd ?? 0), mean + 2 * (sd ?? 0)];
  const all = [...points.filter((point) => point !== null), ...band];
  if (all.length === 0) return [0, 1];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - room, high + room];
}

/** Unbroken stretches of readings, as places and values. */
export function stretches(points: Sensor["points"]): (readonly [place: number, value: number])[][] {
  const found: (readonly [number, number])[][] = [];
  points.forEach((value, place) => {
    if (value === null) return;
    const before = points[place - 1];
    if (before === null || before === undefined) found.push([]);
    found.at(-1)?.push([place, value]);
  });
  return found;
}
