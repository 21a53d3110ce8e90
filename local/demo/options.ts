import { resolve } from "node:path";
import { parseArgs } from "node:util";

export interface DemoOptions {
  readonly machines: number;
  /** Days that are dropped one by one after the backfilled month. */
  readonly days: number;
  readonly seed: number;
  /** Folder of real event files; telemetry is then simulated to fit them. */
  readonly events?: string;
  /** Stay up at the end, so that a person can look around. */
  readonly keep: boolean;
  readonly memory: string;
  readonly state?: string;
}

export const USAGE = `usage: npm run demo -- [options]

Runs the whole way once on this machine: history, training, a month of backfill, several days, one night.

  --machines N   machines to simulate (default 100)
  --days N       days dropped one by one at the end, the last one scored by the nightly timer (default 2)
  --events DIR   real event files (machines, errors, failures, maint .csv); only telemetry is simulated
  --seed N       seed of the simulator (default 7)
  --memory SIZE  heap of the Spark driver, such as 4g (default 3g, with more than 300 machines 6g)
  --state DIR    folder of storage, tables and logs (default .batchkeeper/demo, made anew)
  --keep         stay up at the end, until Ctrl-C
  --help         this text
`;

/** @throws Error that names the option */
export function parseOptions(args: readonly string[]): DemoOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      machines: { type: "string", default: "100" },
      days: { type: "string", default: "2" },
      seed: { type: "string", default: "7" },
      events: { type: "string" },
      memory: { type: "string" },
      state: { type: "string" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const machines = wholeNumber("--machines", values.machines, 10, 1000);
  return {
    machines,
    days: wholeNumber("--days", values.days, 1, 30),
    seed: wholeNumber("--seed", values.seed, 0, 2 ** 31),
    keep: values.keep,
    memory: values.memory ?? (machines > 300 ? "6g" : "3g"),
    // The simulator runs in another folder.
    ...(values.events === undefined ? {} : { events: resolve(values.events) }),
    ...(values.state === undefined ? {} : { state: resolve(values.state) }),
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${name} must be a whole number from ${least} to ${most}, not ${text}`);
}
