import { Cron } from "croner";

/** When a Quartz cron expression fires. */
export interface QuartzSchedule {
  /** The first occurrence after `after`, both in epoch milliseconds; undefined when there is none. */
  readonly next: (after: number) => number | undefined;
}

/** Why an expression or a time zone is not valid; the message names the field. */
export class QuartzError extends Error {
  override readonly name = "QuartzError";
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

interface Field {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly words?: readonly string[];
}
const SECONDS: Field = { name: "seconds", low: 0, high: 59 };
const MINUTES: Field = { name: "minutes", low: 0, high: 59 };
const HOURS: Field = { name: "hours", low: 0, high: 23 };
const DAY_OF_MONTH: Field = { name: "day of month", low: 1, high: 31 };
const MONTH: Field = { name: "month", low: 1, high: 12, words: MONTHS };
const DAY_OF_WEEK: Field = { name: "day of week", low: 1, high: 7, words: DAYS };
const YEAR: Field = { name: "year", low: 1970, high: 2099 };

function fault(field: Field, text: string, why: string): QuartzError {
  return new QuartzError(`${field.name} "${text}" ${why}`);
}

function value(field: Field, text: string, whole: string): number {
  const word = field.words?.indexOf(text.toUpperCase()) ?? -1;
  const number = word >= 0 ? word + field.low : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= field.low && number <= field.high))
    throw fault(field, whole, `must be within ${field.low} and ${field.high}`);
  return number;
}

/** The values of `*`, `a`, `a-b` (also over the end: `22-2`), each with an optional `/step`. */
function expandPart(field: Field, part: string): number[] {
  const [range = "", step, ...rest] = part.split("/");
  const [from = "", to, ...others] = range.split("-");
  if (rest.length > 0 || others.length > 0) throw fault(field, part, "is not valid");
  const size = field.high - field.low + 1;
  const by = step === undefined ? 1 : Number(step);
  if (step !== undefined && !(/^\d+$/.test(step) && by >= 1 && by <= size))
    throw fault(field, part, `has a step that is not within 1 and ${size}`);
  const all = from === "*" || (from === "" && step !== undefined);
  if (all && to !== undefined) throw fault(field, part, "is not valid");
  const first = all ? field.low : value(field, from, part);
  const last = to === undefined ? (all || step !== undefined ? field.high : first) : value(field, to, part);
  const length = (last < first ? last + size : last) - first;
  return Array.from(
    { length: Math.floor(length / by) + 1 },
    (_, index) => ((first + index * by - field.low) % size) + field.low,
  );
}

function expand(field: Field, text: string): number[] {
  return [...new Set(text.split(",").flatMap((part) => expandPart(field, part)))].sort((a, b) => a - b);
}

/** A field in croner's words; `*` stays, since croner reads a list of all days as a restriction. */
function plain(field: Field, text: string): string {
  return text === "*" ? "*" : expand(field, text).join(",");
}

function dayOfMonth(text: string): string {
  const upper = text.toUpperCase();
  if (upper === "?") return "*";
  if (upper === "L" || upper === "LW") return upper;
  const weekday = /^(\d+)W$/.exec(upper)?.[1];
  if (weekday !== undefined) return `${value(DAY_OF_MONTH, weekday, text)}W`;
  if (/^L-\d+$/.test(upper)) throw fault(DAY_OF_MONTH, text, "counts from the end, which is not served here");
  return plain(DAY_OF_MONTH, text);
}

/** Quartz counts the days of a week from 1, Sunday; croner from 0. */
function dayOfWeek(text: string): string {
  const upper = text.toUpperCase();
  if (upper === "?") return "*";
  if (upper === "L") return "6";
  const [, day, nth] = /^(\w+?)(L|#\d+)$/.exec(upper) ?? [];
  if (day !== undefined && nth !== undefined) {
    if (nth !== "L" && !/^#[1-5]$/.test(nth)) throw fault(DAY_OF_WEEK, text, "must count from #1 to #5");
    return `${value(DAY_OF_WEEK, day, text) - 1}${nth === "L" ? "#L" : nth}`;
  }
  if (text === "*") return "*";
  return expand(DAY_OF_WEEK, text)
    .map((day) => day - 1)
    .join(",");
}

/** Java's custom ids, such as `GMT+5:30`, in the form that JavaScript knows. */
function timeZone(id: string): string {
  const [, sign = "", hours = "", minutes = "00"] = /^GMT([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(id) ?? [];
  const zone = sign === "" ? id : `${sign}${hours.padStart(2, "0")}:${minutes}`;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    throw new QuartzError(`timezone_id "${id}" is no known time zone`);
  }
}

/**
 * Reads a Quartz cron expression: seconds, minutes, hours, day of month, month, day of week and optionally year.
 *
 * @throws QuartzError
 */
export function parseQuartz(expression: string, timezoneId: string): QuartzSchedule {
  const fields = expression.trim().split(/\s+/);
  const [seconds = "", minutes = "", hours = "", day = "", month = "", weekday = "", year = "*"] = fields;
  if (fields.length !== 6 && fields.length !== 7)
    throw new QuartzError(`it must have 6 or 7 fields, found ${expression.trim() === "" ? 0 : fields.length}`);
  if ((day === "?") === (weekday === "?"))
    throw new QuartzError("exactly one of day of month and day of week must be ?");
  const pattern = [
    plain(SECONDS, seconds),
    plain(MINUTES, minutes),
    plain(HOURS, hours),
    dayOfMonth(day),
    plain(MONTH, month),
    dayOfWeek(weekday),
    plain(YEAR, year),
  ].join(" ");
  const cron = new Cron(pattern, { timezone: timeZone(timezoneId), mode: "7-part", paused: true });
  return { next: (after) => cron.nextRun(new Date(after))?.getTime() };
}
