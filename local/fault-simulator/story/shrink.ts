import type { Plan } from "../world/plan";
import type { Played } from "../world/play";

/** Plays a plan; the shrinker needs only to know whether it still breaks the same rule. */
export type Replay = (plan: Plan) => Played;

/** Makes a plan simpler in one way; null when it is that simple already. */
type Simplification = (plan: Plan) => Plan | null;

const without =
  <K extends keyof Plan>(key: K, calm: Plan[K]): Simplification =>
  (plan) =>
    JSON.stringify(plan[key]) === JSON.stringify(calm) ? null : { ...plan, [key]: calm };

function simplifications(plan: Plan): Simplification[] {
  const items = plan.items.map((_item, index): Simplification => (from) => ({
    ...from,
    items: from.items.filter((_other, at) => at !== index),
  }));
  const ports = Object.keys(plan.wire).map((port): Simplification => (from) => ({
    ...from,
    wire: { ...from.wire, [port]: {} },
  }));
  const answers = Object.keys(plan.answers).map((fault): Simplification => (from) => ({
    ...from,
    answers: { ...from.answers, [fault]: 0 },
  }));
  const calm = [
    without("wire", {}),
    without("answers", {}),
    without("twice", 0),
    without("timerLost", 0),
    without("timerTwice", 0),
    without("badEndings", 0),
    without("lags", false),
    without("oddWords", 0),
    without("slowRuns", 0),
    without("replays", 0.01),
    without("sweepEveryMinutes", 1),
    without("listsParameters", true),
  ];
  return [...calm, ...items.reverse(), ...ports, ...answers];
}

/** The simplest plan found that still breaks the rule in the same way, within a number of plays. */
export function shrink(plan: Plan, kind: string, replay: Replay, maxPlays = 150): { plan: Plan; plays: number } {
  let best = plan;
  let plays = 0;
  for (let progress = true; progress && plays < maxPlays;) {
    progress = false;
    for (const simplify of simplifications(best)) {
      const candidate = simplify(best);
      if (candidate === null || JSON.stringify(candidate) === JSON.stringify(best)) continue;
      if ((plays += 1) > maxPlays) break;
      if (!replay(candidate).violations.some((violation) => violation.kind === kind)) continue;
      best = candidate;
      progress = true;
      break;
    }
  }
  return { plan: best, plays };
}
