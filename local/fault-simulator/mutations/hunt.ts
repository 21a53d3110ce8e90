import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { planOf } from "../world/plan";
import { Player } from "../world/player";
import { MUTATIONS } from "./catalogue";
import type { Mutation } from "./mutation";
import { plant } from "./plant";

/** What became of one planted bug. */
export interface Hunted {
  readonly mutation: Mutation;
  readonly result: "found" | "not found" | "does not apply";
  /** Processor time, the start of the process included. */
  readonly seconds: number;
  readonly by: string;
}

/** A bug counts as found only within so much processor time, which other work on the machine does not change. */
const LIMIT_SECONDS = 60;

/** Rules about runs and slots. A bug in runs counts as found by one of these only, another bug by one of the others only. */
const RUN_RULES: ReadonlySet<string> = new Set(["R1", "R2", "R4", "I3", "I4", "I5", "I6", "I8"]);

interface Finding {
  readonly rule: string;
  readonly kind: string;
  readonly seeds: readonly number[];
}
interface Result {
  readonly processSeconds: number;
  readonly schedules: number;
  readonly findings: readonly Finding[];
}

/** Plays until a rule breaks, in a process of its own, since code that was loaded stays loaded. */
function playUntilBroken(app: string, seed: number, seconds: number, ignore: ReadonlySet<string>): Result {
  const main = join(__dirname, "..", "main.js");
  const limits = ["--seed", String(seed), "--runs", "1000000", "--max-seconds", String(Math.ceil(seconds))];
  const args = [
    main,
    "--json",
    "--first",
    "--kills",
    "none",
    "--app",
    app,
    "--ignore",
    [...ignore].join(","),
    ...limits,
  ];
  const child = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  const line = child.stdout.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`the simulator ended without a result: ${child.stderr.slice(0, 500)}`);
  return JSON.parse(line) as Result;
}

/** Plants each bug in turn and plays until a rule breaks that holds without it. Tells each result at once. */
export function hunt(app: string, only: string | undefined, tell: (hunted: Hunted) => void): Hunted[] {
  const sound = new Player(app);
  return MUTATIONS.filter(({ name }) => only === undefined || name === only).map((mutation) => {
    const hunted = huntOne(app, mutation, sound);
    tell(hunted);
    return hunted;
  });
}

function huntOne(app: string, mutation: Mutation, sound: Player): Hunted {
  const planted = plant(app, mutation);
  if ("missing" in planted)
    return { mutation, result: "does not apply", seconds: 0, by: `the app has no text ${planted.missing}` };
  const ignore = new Set<string>();
  let seconds = 0;
  let seed = 1;
  try {
    while (seconds < LIMIT_SECONDS) {
      const played = playUntilBroken(planted.folder, seed, LIMIT_SECONDS - seconds, ignore);
      seconds += played.processSeconds;
      const at = seed + played.schedules - 1;
      const proof = played.findings.find((finding) => proves(finding, mutation));
      // The same schedule without the bug must not break the same rule.
      if (proof && !sound.play(planOf(at)).violations.some(({ kind }) => kind === proof.kind))
        return { mutation, result: "found", seconds, by: `${proof.kind} at seed ${at}` };
      for (const { kind } of played.findings) ignore.add(kind);
      seed = at + 1;
    }
    return { mutation, result: "not found", seconds, by: "" };
  } finally {
    planted.remove();
  }
}

/** An app that does not even run is no bug of the kind that was meant. */
const proves = ({ rule }: Finding, mutation: Mutation): boolean =>
  rule !== "SIM" && RUN_RULES.has(rule) === RUN_RULES.has(mutation.rule);

/** The table of what was found. */
export function huntLine({ mutation, result, seconds, by }: Hunted): string {
  return `${result.padEnd(14)} ${seconds.toFixed(1).padStart(5)} s  ${mutation.rule.padEnd(4)} ${mutation.name.padEnd(30)} ${by}`;
}
