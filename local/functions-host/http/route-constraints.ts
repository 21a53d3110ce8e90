/** Whether a route parameter's value holds a constraint. */
export type Constraint = (value: string) => boolean;

const INT32 = 2n ** 31n;
const INT64 = 2n ** 63n;
const DECIMAL = /^[+-]?(?:\d+(?:,\d+)*\.?\d*|\.\d+)$/;
const FLOAT = /^(?:[+-]?(?:\d+(?:,\d+)*\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?Infinity|NaN)$/i;
const HEX_GUID = "[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}";
const GUID = new RegExp(`^(?:${HEX_GUID}|[0-9A-F]{32}|\\{${HEX_GUID}\\}|\\(${HEX_GUID}\\))$`, "i");
const YEAR_FIRST = /^(\d{4})[-./](\d{1,2})[-./](\d{1,2})(.*)$/s;
const MONTH_FIRST = /^(\d{1,2})[-./](\d{1,2})[-./](\d{4}|\d{2})(.*)$/s;
const TIME =
  /^(?:[T ]\s*)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(?:[AP]M)?\s*(?:Z|GMT|[+-]\d{1,2}(?::?\d{2})?)?$/i;
const MONTH_NAME = /\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b/i;

const PLAIN: Readonly<Record<string, Constraint>> = {
  int: (value) => isInteger(value, INT32),
  long: (value) => isInteger(value, INT64),
  bool: (value) => /^(?:true|false)$/i.test(value),
  decimal: (value) => DECIMAL.test(value),
  double: (value) => FLOAT.test(value),
  float: (value) => FLOAT.test(value),
  alpha: (value) => /^[a-z]*$/i.test(value),
  guid: (value) => GUID.test(value),
  datetime: isDateTime,
  required: (value) => value !== "",
  file: (value) => /\.[^/.]+$/.test(value),
  nonfile: (value) => !/\.[^/.]+$/.test(value),
};

/** The constraint that a route template names, with its arguments in brackets. Throws an Error naming one that does not exist. */
export function parseConstraint(text: string): Constraint {
  const [, name = "", list] = /^(\w+)(?:\((.*)\))?$/s.exec(text) ?? [];
  const plain = PLAIN[name.toLowerCase()];
  if (plain && list === undefined) return plain;
  const limits = /^\s*-?\d+\s*(?:,\s*-?\d+\s*)?$/.test(list ?? "")
    ? (list ?? "").split(",").map((part) => BigInt(part.trim()))
    : [];
  const [first, second] = limits;
  switch (name.toLowerCase()) {
    case "regex":
      if (list !== undefined) return regexConstraint(list);
      break;
    case "minlength":
      if (first !== undefined && limits.length === 1) return (value) => value.length >= first;
      break;
    case "maxlength":
      if (first !== undefined && limits.length === 1) return (value) => value.length <= first;
      break;
    case "length":
      if (first !== undefined) return (value) => value.length >= first && value.length <= (second ?? first);
      break;
    case "min":
      if (first !== undefined && limits.length === 1)
        return (value) => isInteger(value, INT64) && BigInt(value) >= first;
      break;
    case "max":
      if (first !== undefined && limits.length === 1)
        return (value) => isInteger(value, INT64) && BigInt(value) <= first;
      break;
    case "range":
      if (first !== undefined && second !== undefined)
        return (value) => isInteger(value, INT64) && BigInt(value) >= first && BigInt(value) <= second;
      break;
  }
  throw new Error(`unknown constraint "${text}"`);
}

/** .NET expressions are searched for anywhere in the value and ignore case; what both languages know is nearly all that routes use. */
function regexConstraint(pattern: string): Constraint {
  try {
    const regex = new RegExp(pattern, "i");
    return (value) => regex.test(value);
  } catch {
    throw new Error(`constraint "regex(${pattern})" is no regular expression`);
  }
}

function isInteger(value: string, limit: bigint): boolean {
  if (!/^[+-]?\d+$/.test(value)) return false;
  const number = BigInt(value.replace(/^\+/, ""));
  return number >= -limit && number < limit;
}

/** What .NET's DateTime takes in the invariant culture: a date, month before day unless the year is first, a time, or both. */
function isDateTime(value: string): boolean {
  const text = value.trim();
  const [, year, month, day, yearRest] = YEAR_FIRST.exec(text) ?? [];
  if (year !== undefined) return isDay(Number(year), Number(month), Number(day)) && isTime(yearRest ?? "");
  const [, first, second, last, monthRest] = MONTH_FIRST.exec(text) ?? [];
  if (first !== undefined) return isDay(Number(last), Number(first), Number(second)) && isTime(monthRest ?? "");
  if (MONTH_NAME.test(text)) return /\d/.test(text) && !Number.isNaN(Date.parse(text));
  return text !== "" && isTime(text);
}

function isDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  return day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

function isTime(text: string): boolean {
  if (text.trim() === "") return true;
  const [, hour, minute, second] = TIME.exec(text) ?? [];
  return hour !== undefined && Number(hour) < 24 && Number(minute) < 60 && Number(second ?? 0) < 60;
}
