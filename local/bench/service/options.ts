import { parseArgs } from "node:util";

/** Sizes of the service bench. */
export interface ServiceSizes {
  /** Runs whose steps are timed. */
  readonly repeats: number;
  /** Blobs of the storm. */
  readonly storm: number;
  /** Drops in the ledger when the sweeper and the lists are measured; the sweeper first with a hundredth of them. */
  readonly drops: number;
  readonly runs: number;
  /** Answers of each list. */
  readonly answers: number;
  readonly seed: number;
}

export interface ServiceOptions {
  readonly sizes: ServiceSizes;
  readonly json: boolean;
}

/** The sizes that the bars are meant for. */
export const FULL: ServiceSizes = { repeats: 5, storm: 10_000, drops: 100_000, runs: 10_000, answers: 40, seed: 7 };

export const USAGE = `usage: npm run bench -- --only service [options]

Measures the app on the embedded host, over Azurite and a scripted Jobs API that ends runs at once. The bars are meant for the default sizes.

  --repeats N   runs whose steps are timed (default ${FULL.repeats})
  --storm N     blobs of the storm (default ${FULL.storm}); 20 % are told of twice, 10 % overwritten
  --drops N     drops in the ledger for the sweeper and the lists, at least 200 (default ${FULL.drops})
  --runs N      runs in the ledger for the lists, at least 1100 (default ${FULL.runs})
  --answers N   answers of each list (default ${FULL.answers})
  --seed N      seed of the storm's order (default ${FULL.seed})
  --json        print the measures as JSON
  --help        this text
`;

/** @throws Error that names the option */
export function parseServiceOptions(args: readonly string[]): ServiceOptions | "help" {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      repeats: text,
      storm: text,
      drops: text,
      runs: text,
      answers: text,
      seed: text,
      json: flag,
      help: flag,
    },
  });
  if (values.help) return "help";
  const size = (name: keyof ServiceSizes, least: number): number => {
    const value = Number(values[name] ?? FULL[name]);
    if (!Number.isSafeInteger(value) || value < least)
      throw new Error(`--${name} must be a whole number of at least ${least}, not "${values[name]}"`);
    return value;
  };
  const sizes: ServiceSizes = {
    repeats: size("repeats", 1),
    storm: size("storm", 10),
    drops: size("drops", 200),
    runs: size("runs", 1100),
    answers: size("answers", 2),
    seed: size("seed", 0),
  };
  return { sizes, json: values.json };
}

/** True when the bars hold for these sizes. */
export const isFullSize = (sizes: ServiceSizes): boolean =>
  sizes.storm >= FULL.storm && sizes.drops >= FULL.drops && sizes.runs >= FULL.runs;
