import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { NODE, REPO_ROOT } from "../paths";

/** Settings of a local Databricks in a process of its own; see `main.ts --help`. */
export interface LocalDatabricksOptions {
  /** A free port unless given. */
  readonly port?: number;
  readonly stateDir: string;
  readonly token?: string;
  /** Connection string of the storage behind the volumes. */
  readonly storage?: string;
  readonly bundleDir?: string;
  readonly target?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly memory?: string;
  readonly faults?: unknown;
  readonly storageRetryMs?: number;
  readonly tokenLifetimeSeconds?: number;
  readonly maxConcurrentTasks?: number;
  readonly controller?: readonly string[];
  /** Start the driver JVM with the server, not at the first run. */
  readonly warm?: boolean;
}

/** A running local Databricks. Its log is `<stateDir>/logs/server.log`. */
export interface LocalDatabricks {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  /** Sends the signal (SIGTERM unless given) and waits for the end of the process. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

function commandLine(options: LocalDatabricksOptions): string[] {
  const flags: Readonly<Record<string, string | number | undefined>> = {
    port: options.port ?? 0,
    state: options.stateDir,
    bundle: options.bundleDir,
    target: options.target,
    faults: options.faults === undefined ? undefined : JSON.stringify(options.faults),
    memory: options.memory,
    tasks: options.maxConcurrentTasks,
    "storage-retry-ms": options.storageRetryMs,
    "token-seconds": options.tokenLifetimeSeconds,
    controller: options.controller?.join(" "),
  };
  const variables = Object.entries(options.variables ?? {}).flatMap(([name, value]) => ["--var", `${name}=${value}`]);
  const switches = options.warm ? ["--warm"] : [];
  return [
    ...switches,
    ...Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ...variables,
  ];
}

/** Token and storage key go by environment: command lines can be read by every user of the machine. */
function environment(options: LocalDatabricksOptions): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => name !== "DATABRICKS_TOKEN" && name !== "DATA_STORAGE",
  );
  return {
    ...Object.fromEntries(inherited),
    ...(options.token === undefined ? {} : { DATABRICKS_TOKEN: options.token }),
    ...(options.storage === undefined ? {} : { DATA_STORAGE: options.storage }),
  };
}

/**
 * Starts the compiled server (`dist/`) as a child process and resolves when it listens.
 *
 * @throws Error with the end of the server's own message when it does not start
 */
export async function startLocalDatabricks(options: LocalDatabricksOptions): Promise<LocalDatabricks> {
  const logs = join(options.stateDir, "logs");
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const child = spawn(NODE, [join(REPO_ROOT, "dist", "local", "databricks", "main.js"), ...commandLine(options)], {
    env: environment(options),
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const log = createWriteStream(join(logs, "server.log"), { flags: "a", mode: 0o600 });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.pipe(log, { end: false });
    stream?.on("data", (chunk: Buffer) => (said = (said + chunk.toString("utf8")).slice(-2000)));
  }
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  void exited.then(() => log.end());
  const ready = await Promise.race([
    new Promise<{ url: string; token: string }>((resolve) =>
      child.once("message", (message) => resolve(message as { url: string; token: string })),
    ),
    new Promise<never>((_resolve, reject) => {
      child.once("error", reject);
      child.once("close", () => reject(new Error(`the local Databricks did not start: ${said.trim()}`)));
    }),
  ]);
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return { ...ready, pid: child.pid ?? 0, stop, exited };
}
