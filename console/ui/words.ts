/** Numbers, sizes and spans in words, with their units. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** `2 min 6 s`, `23 h 41 min`, `4 days`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR)
    return whole % MINUTE ? `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s` : `${whole / MINUTE} min`;
  if (whole < 2 * DAY) {
    const minutes = Math.floor((whole % HOUR) / MINUTE);
    return minutes ? `${Math.floor(whole / HOUR)} h ${minutes} min` : `${Math.floor(whole / HOUR)} h`;
  }
  return `${Math.floor(whole / DAY)} days`;
}

/** `just now`, `4 min ago`, `in 23 h`; coarse, since it stands beside an exact time. */
export function ago(at: string, now: number): string {
  const seconds = (now - Date.parse(at)) / 1000;
  if (Math.abs(seconds) < 5) return "just now";
  const coarse = Math.abs(seconds) < MINUTE ? Math.abs(seconds) : Math.round(Math.abs(seconds) / MINUTE) * MINUTE;
  return seconds > 0 ? `${span(coarse)} ago` : `in ${span(coarse)}`;
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

const grouped = new Intl.NumberFormat("en");
export const number = (value: number): string => grouped.format(value);
export const percent = (share: number): string =>
  share > 0 && share < 0.01 ? "< 1 %" : share < 1 && share > 0.99 ? "> 99 %" : `${Math.round(share * 100)} %`;

/** `1 drop`, `4 drops`. */
export const count = (value: number, one: string, many = `${one}s`): string =>
  `${number(value)} ${value === 1 ? one : many}`;

/** `rowsAccepted` as `rows accepted`. */
export const plain = (name: string): string =>
  name.replaceAll("_", " ").replace(/([a-z])([A-Z])/g, (_all, a: string, b: string) => `${a} ${b.toLowerCase()}`);
