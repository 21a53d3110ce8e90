import { invalidParameter } from "./api-error";

/** A JSON object as it came over the wire. */
export type JsonObject = Record<string, unknown>;

/** Whether a value is a JSON object, not an array and not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A copy without some fields. */
export function without<T extends object, K extends keyof T>(values: T, ...names: readonly K[]): Omit<T, K> {
  const copy = { ...values };
  for (const name of names) delete copy[name];
  return copy;
}

/** The fields of `T`, those that may be undefined as optional ones. */
type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** A copy without the fields that are undefined. */
export function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** Turns every value into a string, as Databricks does with parameters. */
export function stringMap(value: unknown, name: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalidParameter(`${name} must be a map of strings.`);
  const entries = Object.entries(value).map(([key, item]): [string, string] => {
    if (typeof item === "object" && item !== null) throw invalidParameter(`${name}.${key} must be a string.`);
    if (item === null || item === undefined) return [key, ""];
    return [key, typeof item === "string" ? item : JSON.stringify(item)];
  });
  return Object.fromEntries(entries);
}

/** Reads an integer that may be written as a string, as Airflow's operators do. Returns undefined when absent or empty. */
export function toInteger(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const text = typeof value === "number" ? String(value) : value;
  const parsed = typeof text === "string" && /^-?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(parsed)) throw invalidParameter(`${name} must be an integer below 2^53.`);
  return parsed;
}

/** Reads an integer that is not negative. */
export function toNatural(value: unknown, name: string): number | undefined {
  const number = toInteger(value, name);
  if (number !== undefined && number < 0) throw invalidParameter(`${name} must not be negative.`);
  return number;
}

/** Reads a list of objects; empty when absent. */
export function objectList(value: unknown, name: string): JsonObject[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isObject)) throw invalidParameter(`${name} must be a list of objects.`);
  return value;
}

/** The first text that occurs a second time. */
export function duplicate(texts: readonly string[]): string | undefined {
  return texts.find((text, index) => texts.indexOf(text) !== index);
}

/** Reads a boolean; query strings carry `true`, Airflow's carry `True`. */
export function toBoolean(value: unknown, name: string): boolean | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "boolean") return value;
  const text = typeof value === "string" ? value.toLowerCase() : "";
  if (text === "true" || text === "false") return text === "true";
  throw invalidParameter(`${name} must be true or false.`);
}

/** The fields of a request: query string and JSON body together, read by type. */
export class Params {
  constructor(readonly values: JsonObject) {}

  integer(name: string): number | undefined {
    return toInteger(this.values[name], name);
  }

  requiredInteger(name: string): number {
    const value = this.integer(name);
    if (value === undefined) throw invalidParameter(`Missing required field: ${name}`);
    return value;
  }

  boolean(name: string): boolean {
    return toBoolean(this.values[name], name) ?? false;
  }

  /** A string field; undefined when absent or empty. */
  string(name: string): string | undefined {
    const value = this.values[name];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value !== "string") throw invalidParameter(`${name} must be a string.`);
    return value;
  }

  requiredString(name: string): string {
    const value = this.string(name);
    if (value === undefined) throw invalidParameter(`Missing required field: ${name}`);
    return value;
  }

  object(name: string): JsonObject | undefined {
    const value = this.values[name];
    if (value === undefined || value === null) return undefined;
    if (!isObject(value)) throw invalidParameter(`${name} must be an object.`);
    return value;
  }

  strings(name: string): string[] {
    const value = this.values[name];
    if (value === undefined || value === null) return [];
    const list = Array.isArray(value) ? value : [value];
    return list.map((item) => {
      if (typeof item !== "string") throw invalidParameter(`${name} must be a list of strings.`);
      return item;
    });
  }
}
