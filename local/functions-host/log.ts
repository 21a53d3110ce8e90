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
const minimum = RANK[(process.env["BATCHKEEPER_HOST_LOG_LEVEL"] ?? "information") as LogLevel] ?? RANK.information;

/** Writes one console line with a time stamp, as Core Tools does; errors go to stderr. Lines below `BATCHKEEPER_HOST_LOG_LEVEL` are dropped. */
export function log(level: LogLevel, message: string): void {
  if (RANK[level] < minimum) return;
  const line = `[${new Date().toISOString()}] ${message}\n`;
  (RANK[level] >= RANK.error ? process.stderr : process.stdout).write(line);
}

/** Writes a line without a time stamp (the banner and the list of functions). */
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
