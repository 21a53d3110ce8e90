import type { Player } from "../world/player";
import { outcomeOf } from "./outcome";
import { RealWorld } from "./real-world";
import { simulatedPlan, smallPlanOf, type SmallPlan } from "./small-plan";

/** Plans that share one host. */
const AT_ONCE = 10;
const TIMEOUT_MS = 300_000;

/** What a seed came to, told twice. */
export interface Comparison {
  readonly seed: number;
  readonly same: boolean;
  /** Facts of one ledger alone, each with where it stands. */
  readonly differences: readonly string[];
}

/** Violations that follow from the small plans themselves: nobody takes over their failed batches in time. */
export const EXPECTED: ReadonlySet<string> = new Set([
  "batch-never-ingested",
  "rows-without-features",
  "point-never-scored",
]);

/** What the simulator says of a small plan. @throws Error when a rule broke */
export function simulated(player: Player, plan: SmallPlan): readonly string[] {
  const { violations, ledger } = player.play(simulatedPlan(plan));
  const broken = violations.filter(({ kind }) => !EXPECTED.has(kind));
  if (broken[0]) throw new Error(`small plan ${plan.seed}: ${broken[0].rule} ${broken[0].kind}: ${broken[0].message}`);
  return outcomeOf(ledger);
}

/** Holds two tellings of one seed against each other. `names` says what each is called in a difference. */
export function compare(
  seed: number,
  one: readonly string[],
  other: readonly string[],
  [nameOfOne, nameOfOther] = ["simulator", "real processes"],
): Comparison {
  const only = (lines: readonly string[], others: readonly string[], where: string): string[] => {
    const left = [...others];
    return lines.filter((line) => !take(left, line)).map((line) => `${where} only: ${line}`);
  };
  const differences = [...only(one, other, nameOfOne ?? ""), ...only(other, one, nameOfOther ?? "")];
  return { seed, same: differences.length === 0, differences };
}

function take(lines: string[], line: string): boolean {
  const at = lines.indexOf(line);
  if (at >= 0) lines.splice(at, 1);
  return at >= 0;
}

/** Plays seeds with real processes, some at a time, and holds each against what the simulator said of it. */
export async function playReal(
  outcomes: ReadonlyMap<number, readonly string[]>,
  tell: (comparison: Comparison) => void,
): Promise<boolean> {
  const seeds = [...outcomes.keys()];
  let same = true;
  for (let at = 0; at < seeds.length; at += AT_ONCE) {
    const plans = seeds.slice(at, at + AT_ONCE).map(smallPlanOf);
    const world = await RealWorld.start(plans);
    try {
      const ended = await world.play(plans[0]?.kills ?? [], TIMEOUT_MS);
      for (const { seed } of plans) {
        const comparison = compare(seed, outcomes.get(seed) ?? [], ended.get(seed) ?? []);
        same &&= comparison.same;
        tell(comparison);
      }
    } finally {
      await world.stop();
    }
  }
  return same;
}
