import { writeFileSync } from "node:fs";
import type { Violation } from "../kernel/kernel";
import { checkKills } from "../checks/kills";
import { planOf, type Plan } from "../world/plan";
import type { Played } from "../world/play";
import type { Player } from "../world/player";
import type { Options } from "./options";

/** One kind of violation over many schedules. */
export interface Finding {
  readonly rule: string;
  readonly kind: string;
  readonly seeds: number[];
  readonly first: Violation;
}

/** What many schedules came to. */
export interface Campaign {
  readonly schedules: number;
  readonly clean: number;
  readonly findings: readonly Finding[];
  readonly counts: ReadonlyMap<string, number>;
  readonly calls: number;
  readonly steps: number;
  readonly virtualHours: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
}

/** What of the options a campaign needs. */
export type CampaignOptions = Pick<Options, "seed" | "runs" | "ignore" | "first" | "maxSeconds" | "progress" | "kills">;

/** Schedules between two words of how far it is. */
const PROGRESS_EVERY = 100;
/** Of so many seeds one is also played as a small schedule, with and without kills. */
const SMALL_EVERY = 10;

/** What the schedules played so far came to. */
class Tally {
  readonly counts = new Map<string, number>();
  readonly broken = new Map<string, Finding>();
  schedules = 0;
  clean = 0;
  calls = 0;
  steps = 0;
  virtualMs = 0;

  constructor(private readonly ignore: ReadonlySet<string>) {}

  /** Adds what happened in one schedule. */
  add(played: Played): void {
    this.calls += played.calls;
    this.steps += played.steps;
    this.virtualMs += played.virtualMs;
    for (const [what, count] of played.counts) this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }

  /** Counts a seed, and notes what of it broke a rule. */
  note(seed: number, violations: readonly Violation[]): void {
    this.schedules += 1;
    const left = violations.filter(({ kind }) => !this.ignore.has(kind));
    if (left.length === 0) this.clean += 1;
    for (const violation of left) {
      const { rule, kind } = violation;
      const known = this.broken.get(kind);
      if (known) known.seeds.push(seed);
      else this.broken.set(kind, { rule, kind, seeds: [seed], first: violation });
    }
  }

  /** How far it is, as lines. */
  progress(): string {
    const broken = [...this.broken.values()].map(({ kind, seeds }) => `${kind} at ${seeds.join(" ")}`);
    const seconds = processSeconds().toFixed(0);
    return [`${this.clean} of ${this.schedules} clean, ${seconds} s of processor time`, ...broken, ""].join("\n");
  }
}

/** Plays the schedules of the seeds from `seed` on. */
export function campaign(
  player: Player,
  { seed: from, runs, ignore, first, maxSeconds, progress, kills }: CampaignOptions,
): Campaign {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  const tally = new Tally(ignore);
  const isOver = (): boolean => (first && tally.broken.size > 0) || processSeconds() > maxSeconds;
  const playSmall = (plan: Plan): Played => {
    const played = player.play(plan);
    if (kills === "only") tally.add(played);
    return played;
  };
  for (let seed = from; seed < from + runs && !isOver(); seed += 1) {
    const violations: Violation[] = [];
    if (kills !== "only") {
      const played = player.play(planOf(seed));
      tally.add(played);
      violations.push(...played.violations);
    }
    if (kills === "only" || (kills === "some" && seed % SMALL_EVERY === 0))
      violations.push(...checkKills(seed, playSmall));
    tally.note(seed, violations);
    if (progress !== undefined && (seed - from + 1) % PROGRESS_EVERY === 0) writeFileSync(progress, tally.progress());
  }
  const { user, system } = process.cpuUsage(cpu);
  const { schedules, clean, calls, steps, virtualMs, counts, broken } = tally;
  const findings = [...broken.values()].sort((a, b) => b.seeds.length - a.seeds.length);
  const times = { cpuSeconds: (user + system) / 1e6, seconds: (performance.now() - begun) / 1000 };
  return { schedules, clean, calls, steps, virtualHours: virtualMs / 3_600_000, counts, findings, ...times };
}

/** Processor time of this process from its start, in seconds. */
export function processSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
