import { AsyncLocalStorage } from "node:async_hooks";
import { redact } from "./redact";

/** Flat ids and numbers that go with a message. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Takes a constant message plus fields. Never pass payloads, tokens or headers. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** The log methods of an `InvocationContext`. */
export interface LogSink {
  debug(...args: unknown[]): void;
  info(...args: unknown[]): void;
  warn(...args: unknown[]): void;
  error(...args: unknown[]): void;
}

/** The part of an `OrchestrationContext` that tells a replay. */
export interface ReplayAware extends LogSink {
  readonly df: { readonly isReplaying: boolean };
}

const LEVELS = ["debug", "info", "warn", "error"] as const;

function mapLevels(write: (level: (typeof LEVELS)[number], line: () => string) => void): Logger {
  const at = (level: (typeof LEVELS)[number]) => (message: string, fields?: LogFields) =>
    write(level, () => format(message, fields));
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A logger that writes `message {"field":…}` lines to the invocation, redacted. */
export function createLogger(sink: LogSink): Logger {
  return mapLevels((level, line) => {
    sink[level](line());
  });
}

/** A logger for orchestrators: silent while history is replayed, so that each line appears once. */
export function createOrchestratorLogger(context: ReplayAware): Logger {
  return mapLevels((level, line) => {
    if (!context.df.isReplaying) context[level](line());
  });
}

const current = new AsyncLocalStorage<Logger>();

/** Runs `work` so that `invocationLogger` writes to this sink: for clients that are shared by all invocations. */
export function withInvocationLog<T>(sink: LogSink, work: () => T): T {
  return current.run(createLogger(sink), work);
}

/** Writes to the invocation that is running; outside of one, nowhere. */
export const invocationLogger: Logger = {
  debug: (message, fields) => current.getStore()?.debug(message, fields),
  info: (message, fields) => current.getStore()?.info(message, fields),
  warn: (message, fields) => current.getStore()?.warn(message, fields),
  error: (message, fields) => current.getStore()?.error(message, fields),
};

function format(message: string, fields: LogFields | undefined): string {
  const entries = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined);
  return redact(entries.length > 0 ? `${message} ${JSON.stringify(Object.fromEntries(entries))}` : message);
}
