import type { Ending, RunFate } from "../databricks/model-run";
import type { Chance } from "../kernel/chance";
import type { Plan } from "./plan";

const BAD: Readonly<Record<Exclude<Ending, "success">, number>> = {
  code: 4,
  platform: 6,
  quota: 2,
  skipped: 1,
  successWithFailures: 1,
  unknownCode: 1,
  noExit: 1,
  exitNotJson: 1,
  exitOfAnotherRun: 1,
  countsDisagree: 1,
  exitTruncated: 1,
};

/** How a run is going to go. Some last longer than their step may. */
export function drawFate(chance: Chance, plan: Plan, mayFail: boolean): RunFate {
  const bad = mayFail && chance.happens(plan.badEndings);
  const slow = mayFail && chance.happens(plan.slowRuns);
  const odd = mayFail && chance.happens(plan.oddWords);
  const lag = (high: number): number => (mayFail && plan.lags && chance.happens(0.5) ? chance.skewed(200, high) : 0);
  return {
    queuedMs: chance.skewed(200, 8_000),
    runningMs: slow ? chance.skewed(60_000, 6 * 3_600_000) : chance.skewed(2_000, 40_000),
    ending: bad ? chance.weighted(BAD) : "success",
    oddWord: odd ? "MIGRATING" : null,
    outputLagMs: lag(60_000),
    getLagMs: lag(30_000),
    listLagMs: lag(45_000),
  };
}
