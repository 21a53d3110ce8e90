import { resolve } from "node:path";
import { parseArgs } from "node:util";

const KILLS = ["some", "only", "none"] as const;
export type Kills = (typeof KILLS)[number];

/** What the command was asked for. */
export interface Options {
  readonly runs: number;
  readonly seed: number;
  /** Folder of the compiled app. */
  readonly app: string;
  readonly trace: string | undefined;
  readonly shrink: boolean;
  readonly mutations: boolean;
  /** Which seeds are played with and without kills too (I7): one of ten, all and nothing else, or none. */
  readonly kills: Kills;
  /** Play small schedules with real processes as well. */
  readonly real: boolean;
  readonly only: string | undefined;
  readonly json: boolean;
  /** Ends at the first schedule that breaks a rule. */
  readonly first: boolean;
  /** Ends after so much processor time. */
  readonly maxSeconds: number;
  /** Tell which code of the app ran. */
  readonly coverage: boolean;
  /** File that says from time to time how far it is. */
  readonly progress: string | undefined;
  /** Kinds of violations that do not count, by name. */
  readonly ignore: ReadonlySet<string>;
}

export const USAGE = `usage: simulate-faults [options]

Plays random schedules of the built app: crashes, lost and repeated calls, people, a faulty Databricks. Each seed is one schedule.

  --runs N         schedules (1000)
  --seed S         the first seed (1)
  --trace FILE     play only seed S and write what happened, as a page when FILE ends with .html
  --no-shrink      do not look for the simplest schedule of each kind of violation
  --ignore KINDS   violations that do not count, separated by commas
  --first          end at the first schedule that breaks a rule
  --max-seconds N  end after so much processor time
  --kills MODE     compare a small schedule with and without kills: for every tenth seed (some), for each and nothing else (only), none
  --coverage       tell which code of the app ran (slower)
  --progress FILE  write from time to time how far it is
  --mutations      plant known bugs, one at a time, and tell how soon each is found (--only NAME for one)
  --real           play small schedules with real processes too, and compare the ledgers (10)
  --app DIR        compiled app (dist/src)
  --json           the result as one line of JSON
`;

/** Reads the command line. @throws TypeError for an option that is not known */
export function readOptions(args: readonly string[], defaultApp: string): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      runs: { type: "string" },
      real: { type: "boolean", default: false },
      seed: { type: "string", default: "1" },
      app: { type: "string", default: defaultApp },
      trace: { type: "string" },
      shrink: { type: "boolean", default: true },
      ignore: { type: "string", default: "" },
      first: { type: "boolean", default: false },
      coverage: { type: "boolean", default: false },
      progress: { type: "string" },
      "max-seconds": { type: "string" },
      mutations: { type: "boolean", default: false },
      only: { type: "string" },
      kills: { type: "string", default: "some" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  return {
    runs: whole("--runs", values.runs ?? (values.real ? "10" : "1000")),
    real: values.real,
    seed: whole("--seed", values.seed),
    app: resolve(values.app),
    trace: values.trace,
    shrink: values.shrink,
    first: values.first,
    coverage: values.coverage,
    progress: values.progress,
    maxSeconds: values["max-seconds"] === undefined ? Infinity : whole("--max-seconds", values["max-seconds"]),
    mutations: values.mutations,
    only: values.only,
    kills: killsOf(values.kills),
    json: values.json,
    ignore: new Set(values.ignore.split(",").filter(Boolean)),
  };
}

function killsOf(text: string): Kills {
  const mode = KILLS.find((one) => one === text);
  if (mode === undefined) throw new TypeError(`--kills: expected ${KILLS.join(", ")}, not "${text}"`);
  return mode;
}

function whole(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new TypeError(`${name}: expected a whole number, not "${text}"`);
  return Number(text);
}
