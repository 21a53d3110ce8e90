import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { driveFailures } from "./scenarios/drive-failures";
import { predictiveMaintenance } from "./scenarios/predictive-maintenance";
import type { DemoScenario } from "./scenarios/scenario";

interface Size {
  readonly option: "machines" | "drives";
  readonly usual: number;
  readonly least: number;
  readonly most: number;
  /** Above so many the Spark driver gets more memory. */
  readonly large: number;
}

/** What `--scenario` takes. */
const SCENARIOS: Readonly<Record<string, readonly [DemoScenario, Size]>> = {
  predictive_maintenance: [
    predictiveMaintenance,
    { option: "machines", usual: 100, least: 10, most: 1000, large: 300 },
  ],
  drive_failures: [driveFailures, { option: "drives", usual: 3000, least: 500, most: 20_000, large: 4000 }],
};

export interface DemoOptions {
  readonly scenario: DemoScenario;
  /** How many machines or drives there are. */
  readonly size: number;
  /** Days that are dropped one by one after the backfilled months. */
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

Runs the whole way once on this machine: history, training, months of backfill, several days, one night.

  --scenario S   predictive_maintenance (default) or drive_failures, the hard disks of examples/
  --machines N   machines to simulate (default 100)
  --drives N     with drive_failures: slots of drives to simulate (default 3000)
  --days N       days dropped one by one at the end, the last one scored by the nightly timer (default 2)
  --events DIR   real event files (machines, errors, failures, maint .csv); only telemetry is simulated
  --seed N       seed of the simulator (default 7)
  --memory SIZE  heap of the Spark driver, such as 4g (default 3g; 6g with more than 300 machines or 4000 drives)
  --state DIR    folder of storage, tables and logs (default .batchkeeper/demo, made anew)
  --keep         stay up at the end, until Ctrl-C
  --help         this text
`;

/** @throws Error that names the option */
export function parseOptions(args: readonly string[]): DemoOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: "string", default: "predictive_maintenance" },
      machines: { type: "string" },
      drives: { type: "string" },
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
  const known = SCENARIOS[values.scenario];
  if (!known) throw new Error(`--scenario must be ${Object.keys(SCENARIOS).join(" or ")}, not ${values.scenario}`);
  const [scenario, { option, usual, least, most, large }] = known;
  for (const other of ["machines", "drives", "events"] as const) {
    const belongs = other === option || (other === "events" && scenario === predictiveMaintenance);
    if (values[other] !== undefined && !belongs) throw new Error(`--${other} is nothing of ${values.scenario}`);
  }
  const size = wholeNumber(`--${option}`, values[option] ?? String(usual), least, most);
  return {
    scenario,
    size,
    days: wholeNumber("--days", values.days, 1, 30),
    seed: wholeNumber("--seed", values.seed, 0, 2 ** 31),
    keep: values.keep,
    memory: values.memory ?? (size > large ? "6g" : "3g"),
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
