import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { HostError } from "./log";
import { STATE_DIR } from "../paths";

/** How the host was asked to run. */
export interface HostOptions {
  readonly appDir: string;
  /** Undefined = as local.settings.json says, else 7071. */
  readonly port: number | undefined;
  readonly stateDir: string;
  readonly settingsFile: string;
  readonly settingsRequired: boolean;
  readonly deliverTwice: boolean;
  readonly enableAuth: boolean;
  readonly scanIntervalMs: number;
  /** Stop when standard input ends. */
  readonly exitWithStdin: boolean;
}

/** Text of `--help`. */
export const HELP = `Embedded Azure Functions host: serves a v4-model Node function app on this machine.

usage: node dist/local/functions-host/main.js --app DIR [options]

  --app DIR            folder of the function app (package.json with "main", host.json)
  --port N             port on 127.0.0.1 (default Host.LocalHttpPort of the local settings, else 7071)
  --state DIR          durable state: instances, histories, timers, blob receipts (default .batchkeeper/functions-host)
  --settings FILE      local settings (default local.settings.json in the app's folder, if there); variables already set win
  --deliver-twice      run every activity twice and deliver every blob and timer twice, as an at-least-once host may
                       (also BATCHKEEPER_HOST_DELIVER_TWICE=1); every third activity runs twice at the same time
  --enable-auth        ask for access keys, which are kept in the state (Core Tools asks for none locally)
  --scan-interval MS   time between two scans of a blob container (default 1000)
  --exit-with-stdin    stop when standard input ends: the host does not outlive the program that started it
  --help               this text

BATCHKEEPER_HOST_LOG_LEVEL = trace | debug | information | warning | error beats logging.logLevel of host.json.
Stop it with SIGTERM or Ctrl+C. Killed at any moment, it goes on where it was when started with the same --state.`;

/** Reads the command line. Returns undefined for `--help`. Throws HostError naming the option. */
export function parseOptions(argv: readonly string[]): HostOptions | undefined {
  const values = readArgs(argv);
  if (values.help) return undefined;
  if (values.app === undefined) throw new HostError("--app DIR is missing (see --help)");
  const appDir = resolve(values.app);
  if (!existsSync(appDir)) throw new HostError(`--app ${appDir} does not exist`);
  return {
    appDir,
    port: values.port === undefined ? undefined : integer("--port", values.port, 0, 65535),
    stateDir: resolve(values.state ?? join(STATE_DIR, "functions-host")),
    settingsFile: resolve(values.settings ?? join(appDir, "local.settings.json")),
    settingsRequired: values.settings !== undefined,
    deliverTwice: values["deliver-twice"] ?? process.env["BATCHKEEPER_HOST_DELIVER_TWICE"] === "1",
    enableAuth: values["enable-auth"] ?? false,
    exitWithStdin: values["exit-with-stdin"] ?? false,
    scanIntervalMs: integer("--scan-interval", values["scan-interval"] ?? "1000", 50, 3_600_000),
  };
}

function readArgs(argv: readonly string[]) {
  try {
    const text = { type: "string" } as const;
    const flag = { type: "boolean" } as const;
    const options = {
      ...{ app: text, port: text, state: text, settings: text, "scan-interval": text },
      ...{ "deliver-twice": flag, "enable-auth": flag, "exit-with-stdin": flag, help: flag },
    };
    return parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    throw new HostError(`${error instanceof Error ? error.message : String(error)} (see --help)`);
  }
}

/** Checks a number. Throws HostError naming it. */
export function integer(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new HostError(`${name} must be an integer from ${String(least)} to ${String(most)}, not "${text}"`);
  return value;
}
