import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { MUTATIONS } from "./catalogue";
import type { Mutation } from "./mutation";
import { plant } from "./plant";

/** What became of one planted bug. */
export interface Hunted {
  readonly mutation: Mutation;
  readonly result: "found" | "not found" | "does not apply";
  readonly seconds: number;
  readonly by: string;
}

/** A bug counts as found only within so much processor time, which other work on the machine does not change. */
const LIMIT_SECONDS = 60;
/** Schedules of the app without a bug: what they break shows nothing about a bug. */
const BASELINE_RUNS = 60;
const BATCH = 10;
const MAX_SEED = 3_000;

/** Rules about runs and slots. A bug in runs counts as found by one of these only, another bug by one of the others only. */
const RUN_RULES: ReadonlySet<string> = new Set(["R1", "R2", "R4", "I3", "I4", "I5", "I6"]);

interface Result {
  readonly processSeconds: number;
  readonly findings: readonly { readonly rule: string; readonly kind: string; readonly seeds: readonly number[] }[];
}

/** Plays some schedules in a process of their own, since code that was loaded stays loaded. */
function kinds(
  app: string,
  seed: number,
  runs: number,
): { readonly found: ReadonlyMap<string, { rule: string; seed: number }>; readonly seconds: number } {
  const main = join(__dirname, "..", "main.js");
  const args = [main, "--json", "--no-shrink", "--app", app, "--seed", String(seed), "--runs", String(runs)];
  const child = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  const line = child.stdout.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`the simulator ended without a result: ${child.stderr.slice(0, 500)}`);
  const { findings, processSeconds } = JSON.parse(line) as Result;
  return {
    found: new Map(findings.map(({ rule, kind, seeds }) => [kind, { rule, seed: seeds[0] ?? 0 }])),
    seconds: processSeconds,
  };
}

/** Plants each bug in turn and plays until a rule breaks that holds without it. Tells each result at once. */
export function hunt(app: string, only: string | undefined, tell: (hunted: Hunted) => void): Hunted[] {
  const usual = new Set(kinds(app, 1, BASELINE_RUNS).found.keys());
  return MUTATIONS.filter(({ name }) => only === undefined || name === only).map((mutation) => {
    const hunted = huntOne(app, mutation, usual);
    tell(hunted);
    return hunted;
  });
}

function huntOne(app: string, mutation: Mutation, usual: ReadonlySet<string>): Hunted {
  const planted = plant(app, mutation);
  if ("missing" in planted)
    return { mutation, result: "does not apply", seconds: 0, by: `the app has no text ${planted.missing}` };
  let seconds = 0;
  try {
    for (let seed = 1; seed < MAX_SEED && seconds < LIMIT_SECONDS; seed += BATCH) {
      const played = kinds(planted.folder, seed, BATCH);
      seconds += played.seconds;
      for (const [kind, { rule, seed: first }] of played.found) {
        if (usual.has(kind) || RUN_RULES.has(rule) !== RUN_RULES.has(mutation.rule)) continue;
        // The same schedule without the bug must not break the same rule.
        if (!kinds(app, first, 1).found.has(kind))
          return { mutation, result: "found", seconds, by: `${kind} at seed ${first}` };
      }
    }
    return { mutation, result: "not found", seconds, by: "" };
  } finally {
    planted.remove();
  }
}

/** The table of what was found. */
export function huntLine({ mutation, result, seconds, by }: Hunted): string {
  return `${result.padEnd(14)} ${seconds.toFixed(1).padStart(5)} s  ${mutation.rule.padEnd(4)} ${mutation.name.padEnd(30)} ${by}`;
}
