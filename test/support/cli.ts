import { buildCli } from "../../cli/application";
import { runCli } from "../../cli/run-cli";

/** What a command line did. */
export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** How it is run. */
export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
  /** Called instead of a pause. */
  readonly onSleep?: (ms: number) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** Runs a command line as a shell would, with its streams kept. */
export async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  let [out, err] = ["", ""];
  const isTTY = options.isTTY ?? false;
  const code = await runCli((faultOf) => buildCli("1.2.3", faultOf), args, {
    process: {
      stdout: { write: (text) => void (out += text), isTTY, columns: 100 },
      stderr: { write: (text) => void (err += text), isTTY, columns: 100 },
    },
    env: { HOME: "/nonexistent", ...options.env },
    version: "1.2.3",
    fetch,
    sleep: async (ms) => options.onSleep?.(ms),
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, out, err };
}
