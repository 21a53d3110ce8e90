import { writeFileSync } from "node:fs";
import type { Violation } from "../kernel/kernel";
import { planOf } from "../world/plan";
import type { Options } from "./options";
import type { Player } from "../world/player";

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
export type CampaignOptions = Pick<Options, "seed" | "runs" | "ignore" | "first" | "maxSeconds" | "progress">;

/** Schedules between two words of how far it is. */
const PROGRESS_EVERY = 100;

/** Plays the schedules of the seeds from `seed` on. */
export function campaign(
  player: Player,
  { seed: from, runs, ignore, first: onlyFirst, maxSeconds, progress }: CampaignOptions,
): Campaign {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  const findings = new Map<string, Finding>();
  const counts = new Map<string, number>();
  let [schedules, clean, calls, steps, virtualMs] = [0, 0, 0, 0, 0];
  const isOver = (): boolean => (onlyFirst && findings.size > 0) || processSeconds() > maxSeconds;
  for (let seed = from; seed < from + runs && !isOver(); seed += 1) {
    const played = player.play(planOf(seed));
    schedules += 1;
    calls += played.calls;
    steps += played.steps;
    virtualMs += played.virtualMs;
    for (const [what, count] of played.counts) counts.set(what, (counts.get(what) ?? 0) + count);
    const violations = played.violations.filter(({ kind }) => !ignore.has(kind));
    if (violations.length === 0) clean += 1;
    for (const violation of violations) {
      const known = findings.get(violation.kind);
      if (known) known.seeds.push(seed);
      else
        findings.set(violation.kind, { rule: violation.rule, kind: violation.kind, seeds: [seed], first: violation });
    }
    if (progress !== undefined && schedules % PROGRESS_EVERY === 0) {
      const broken = [...findings.values()].map(({ kind, seeds }) => `${kind} at ${seeds.join(" ")}`);
      const seconds = processSeconds().toFixed(0);
      writeFileSync(
        progress,
        [`${clean} of ${schedules} clean, ${seconds} s of processor time`, ...broken, ""].join("\n"),
      );
    }
  }
  const { user, system } = process.cpuUsage(cpu);
  const figures = { schedules, clean, calls, steps, virtualHours: virtualMs / 3_600_000 };
  const times = { cpuSeconds: (user + system) / 1e6, seconds: (performance.now() - begun) / 1000 };
  return {
    ...figures,
    ...times,
    counts,
    findings: [...findings.values()].sort((a, b) => b.seeds.length - a.seeds.length),
  };
}

/** Processor time of this process from its start, in seconds. */
export function processSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
