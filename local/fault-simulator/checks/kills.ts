import type { Violation } from "../kernel/kernel";
import { Chance } from "../kernel/chance";
import { compare, EXPECTED } from "../real/compare";
import { outcomeOf } from "../real/outcome";
import { simulatedPlan, smallPlanOf } from "../real/small-plan";
import type { Plan } from "../world/plan";
import type { Played } from "../world/play";

/** By then every drop is in the ledger; a kill before that may cut one batch in two, which is another end and no wrong one. */
const FIRST_KILL_MS = 2_500;
const LAST_KILL_MS = 60_000;

/** Begins the kind of each violation of a small schedule: its seed means another plan than that of a whole one. */
export const SMALL = "small-";

/** A small schedule with nothing that befalls it, and the same one with kills, replays, activities that run twice and a faulty Databricks. */
export function twinPlans(seed: number): { readonly calm: Plan; readonly killed: Plan; readonly sameScores: boolean } {
  const small = { ...smallPlanOf(seed), kills: [] };
  const plan = { ...simulatedPlan(small), wire: {}, answers: {}, replays: 0, twice: 0 };
  const chance = new Chance(seed, "kills");
  const kills = Array.from({ length: chance.whole(1, 6) }, () => ({
    after: Math.round(chance.skewed(FIRST_KILL_MS, LAST_KILL_MS)),
    kind: "kill" as const,
    downMs: Math.round(chance.skewed(100, 20_000)),
    change: { kind: "none" } as const,
  }));
  const killed = {
    ...plan,
    wire: { jobs: { lose: 0.05, slow: 0.02 } },
    answers: { "500": 0.02, "503-after": 0.05 },
    replays: 0.15,
    twice: chance.pick([0, 0.25]),
    timerTwice: chance.pick([0, 0.2]),
    items: [...plan.items, ...kills].sort((a, b) => a.after - b.after),
  };
  const endings = [...small.endings.values()];
  // When a step of the drops' run fails, it depends on the hour what the other run finds to score.
  const sameScores = small.request === null || endings.every((one) => one === "success" || one === "platform");
  return { calm: plan, killed, sameScores };
}

/** I7: plays a small schedule with and without kills. Both have to end with the same rows and verdicts. */
export function checkKills(seed: number, play: (plan: Plan) => Played): readonly Violation[] {
  const { calm, killed, sameScores } = twinPlans(seed);
  const [without, withKills] = [play(calm), play(killed)];
  const endOf = ({ ledger, lakehouse }: Played): string[] => [...outcomeOf(ledger), ...lakehouse.lines(sameScores)];
  const { differences } = compare(seed, endOf(without), endOf(withKills), ["without kills", "with kills"]);
  const broken = [...without.violations, ...withKills.violations].filter(({ kind }) => !EXPECTED.has(kind));
  const told = broken.map((violation) => ({ ...violation, kind: `${SMALL}${violation.kind}` }));
  if (differences.length === 0) return told;
  const message = `kill -9 changes how a small schedule ends: ${differences.join("; ")}`;
  return [...told, { rule: "I7", kind: `${SMALL}kill-changes-the-end`, message, at: killed.startsAt }];
}
