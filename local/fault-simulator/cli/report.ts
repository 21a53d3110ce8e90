import { writeFileSync } from "node:fs";
import { shrink } from "../story/shrink";
import { tracePage } from "../story/page";
import { ingredients, story } from "../story/words";
import { planOf, type Plan } from "../world/plan";
import { SMALL } from "../checks/kills";
import type { Player } from "../world/player";
import type { Campaign, Finding } from "./campaign";

/** The figures of a campaign. */
export function figures({ schedules, clean, calls, steps, virtualHours, cpuSeconds, seconds }: Campaign): string[] {
  const each = (sum: number): string => (sum / Math.max(1, schedules)).toFixed(0);
  return [
    `${schedules} schedules, ${clean} without a violation`,
    `${(schedules / cpuSeconds).toFixed(1)} schedules per second of processor time of one core (${(schedules / seconds).toFixed(1)} by the clock)`,
    `${each(calls)} calls and ${each(steps)} steps a schedule; ${virtualHours.toFixed(0)} virtual hours`,
  ];
}

/** How often each kind of fault, ending and plan item occurred. */
export function faultCoverage({ counts }: Campaign): string[] {
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, count]) => `  ${String(count).padStart(8)}  ${what}`);
}

/** A kind of violation: how often, and its simplest schedule as a story. */
export function explain(player: Player, { rule, kind, seeds, first }: Finding, shrinks: boolean): string[] {
  const seed = seeds[0] ?? 0;
  const head = [
    ``,
    `${rule} ${kind}: ${seeds.length} schedules, such as seeds ${seeds.slice(0, 5).join(", ")}`,
    `  ${first.message}`,
  ];
  if (kind.startsWith(SMALL)) return [...head, `  play it: --kills only --runs 1 --seed ${seed}`];
  if (!shrinks) return head;
  const { plan, plays } = shrink(planOf(seed), kind, (candidate) => player.play(candidate));
  const played = player.play(plan, true);
  const violation = played.violations.find((one) => one.kind === kind);
  if (!violation) return [...head, "  (it does not break again: the simulator is not repeatable here)"];
  const needs = ingredients(plan).map((line) => `    needs ${line}`);
  const lines = story(played.trace, violation, plan.startsAt).map((line) => `    ${line}`);
  return [
    ...head,
    `  the simplest schedule found in ${plays} plays of seed ${seed}:`,
    ...needs,
    `  what happens:`,
    ...lines,
  ];
}

/** Plays one schedule and writes its trace: as a page for a file `.html`, else as plain lines. */
export function writeTrace(player: Player, plan: Plan, file: string): string[] {
  const played = player.play(plan, true);
  const page = tracePage(plan.seed, played.trace, played.violations, ingredients(plan));
  writeFileSync(file, file.endsWith(".html") ? page : `${played.trace.text()}\n`);
  const broken = played.violations.map(({ rule, kind, message }) => `  ${rule} ${kind}: ${message}`);
  return [`seed ${plan.seed}: ${broken.length === 0 ? "every rule held" : "broken"}`, ...broken, `trace: ${file}`];
}
