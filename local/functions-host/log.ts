import { format } from "node:util";

/** Severity of a console line, as the worker protocol names them. */
export type LogLevel = "trace" | "debug" | "information" | "warning" | "error" | "critical" | "none";

const RANK: Record<LogLevel, number> = {
  trace: 0,
  debug: 1,
  information: 2,
  warning: 3,
  error: 4,
  critical: 5,
  none: 6,
};
/** `BATCHKEEPER_HOST_LOG_LEVEL` beats what host.json says of any category. */
const forced = parseLogLevel(process.env["BATCHKEEPER_HOST_LOG_LEVEL"] ?? "");
let configured: ReadonlyMap<string, LogLevel> = new Map();
const minimums = new Map<string, number>();

/** The level that a text names, whatever its case; undefined when there is none of that name. */
export function parseLogLevel(text: string): LogLevel | undefined {
  return (Object.keys(RANK) as LogLevel[]).find((level) => level === text.toLowerCase());
}

/** Sets the least level per category, as `logging.logLevel` of host.json does: the longest prefix of a category counts, else `default`. */
export function setLogLevels(levels: ReadonlyMap<string, LogLevel>): void {
  configured = new Map([...levels].map(([category, level]) => [category.toLowerCase(), level]));
  minimums.clear();
}

/** Whether a line of this category and level is printed. */
export function isLogged(level: LogLevel, category: string): boolean {
  let minimum = minimums.get(category);
  if (minimum === undefined) minimums.set(category, (minimum = minimumOf(category.toLowerCase())));
  return level !== "none" && RANK[level] >= minimum;
}

function minimumOf(category: string): number {
  if (forced) return RANK[forced];
  const prefixes = [...configured.keys()].filter((key) => category === key || category.startsWith(`${key}.`));
  const longest = prefixes.toSorted((a, b) => b.length - a.length)[0];
  return RANK[configured.get(longest ?? "default") ?? "information"];
}

/** Writes one console line with a time stamp, as Core Tools does; errors go to stderr. Lines that `isLogged` refuses are dropped. */
export function log(level: LogLevel, message: string, category = "Host.General"): void {
  if (!isLogged(level, category)) return;
  const line = `[${new Date().toISOString()}] ${message}\n`;
  (RANK[level] >= RANK.error ? process.stderr : process.stdout).write(line);
}

/** Writes a line without a time stamp, whatever the level (the banner and the list of functions). */
export function plain(...args: unknown[]): void {
  process.stdout.write(`${format(...args)}\n`);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error
    ? error.message
    : typeof error === "string"
      ? error
      : (JSON.stringify(error) ?? String(error));
}

/** Errors a user can mend (a wrong setting, a taken port): printed without a stack. */
export class HostError extends Error {
  override readonly name = "HostError";
}
