import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { NODE, REPO_ROOT } from "../paths";
import { freePort } from "../ports";

/** How to start a host as a child process. */
export interface SpawnOptions {
  readonly appDir: string;
  /** 0 or left out = a free port. */
  readonly port?: number;
  readonly stateDir: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly deliverTwice?: boolean;
  /** Further command-line arguments, such as `--scan-interval`. */
  readonly args?: readonly string[];
  /** Gets every chunk that the host prints. */
  readonly onOutput?: (text: string) => void;
  /** Time to become ready; default 30 s. */
  readonly readyTimeoutMs?: number;
}

/** How a host process ended. */
export interface HostExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running host process. */
export interface FunctionsHostProcess {
  readonly url: string;
  readonly pid: number;
  /** All that the host has printed so far. */
  output(): string;
  /** Sends the signal (default SIGTERM) and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<HostExit>;
  /** Resolves when the process has ended. */
  readonly exited: Promise<HostExit>;
}

const READY = /Host started at (http:\/\/\S+)/;

/**
 * Starts the embedded Functions host (`dist/local/functions-host/main.js`, so build first) and resolves when it serves. The host ends with
 * this process, however that ends.
 * @throws Error with the host's output when it ends or does not become ready in time.
 */
export async function startFunctionsHost(options: SpawnOptions): Promise<FunctionsHostProcess> {
  const port = options.port === undefined || options.port === 0 ? await freePort() : options.port;
  const main = join(REPO_ROOT, "dist", "local", "functions-host", "main.js");
  const args = [
    main,
    "--app",
    options.appDir,
    "--port",
    String(port),
    "--state",
    options.stateDir,
    "--exit-with-stdin",
    ...(options.args ?? []),
  ];
  if (options.deliverTwice) args.push("--deliver-twice");
  // `node --disable-warning`: node:sqlite says that it is experimental.
  const child = spawn(NODE, ["--disable-warning=ExperimentalWarning", ...args], {
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      options.onOutput?.(text);
    });
  }
  const exited = once(child, "close").then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<HostExit> => {
    child.kill(signal);
    return exited;
  };
  const timeoutMs = options.readyTimeoutMs ?? 30_000;
  const url = await waitFor(() => READY.exec(output)?.[1], timeoutMs, exited).catch(async (error: unknown) => {
    await stop("SIGKILL");
    throw new Error(`the functions host ${error instanceof Error ? error.message : String(error)}:\n${output}`);
  });
  return { url, pid: child.pid ?? -1, output: () => output, stop, exited };
}

async function waitFor(probe: () => string | undefined, timeoutMs: number, exited: Promise<HostExit>): Promise<string> {
  let ended: HostExit | undefined;
  void exited.then((exit) => (ended = exit));
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
    const found = probe();
    if (found !== undefined) return found;
    if (ended) throw new Error(`ended with code ${String(ended.code ?? ended.signal)} before it was ready`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`was not ready within ${String(timeoutMs)} ms`);
}
