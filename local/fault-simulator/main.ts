import { join } from "node:path";
import { campaign, processSeconds } from "./cli/campaign";
import { CodeCoverage, coverageLines } from "./cli/coverage";
import { readOptions, USAGE, type Options } from "./cli/options";
import { explain, faultCoverage, figures, writeTrace } from "./cli/report";
import { hunt, huntLine } from "./mutations/hunt";
import { playReal, simulated, type Comparison } from "./real/compare";
import { smallPlanOf } from "./real/small-plan";
import { twinPlans } from "./checks/kills";
import { planOf } from "./world/plan";
import { Player } from "./world/player";

const print = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.join("\n")}\n`);
};

function huntAll({ app, only }: Options): number {
  const hunted = hunt(app, only, (one) => print([huntLine(one)]));
  const found = hunted.filter(({ result }) => result === "found").length;
  print([`${found} of ${hunted.length} planted bugs found`]);
  return found === hunted.length && found > 0 ? 0 : 1;
}

async function real({ app, seed, runs }: Options): Promise<number> {
  const player = new Player(app);
  const seeds = Array.from({ length: runs }, (_none, index) => seed + index);
  const outcomes = new Map(seeds.map((one) => [one, simulated(player, smallPlanOf(one))]));
  // Real processes need the real clock.
  player.close();
  const begun = performance.now();
  const tell = ({ seed: one, same, differences }: Comparison): void =>
    print([`seed ${one}: ${same ? "the same ledger" : "another ledger"}`, ...differences.map((line) => `  ${line}`)]);
  const same = await playReal(outcomes, tell);
  print([`${runs} schedules with real processes, ${((performance.now() - begun) / 1000).toFixed(0)} s`]);
  return same ? 0 : 1;
}

async function run(options: Options): Promise<number> {
  if (options.mutations) return huntAll(options);
  if (options.real) return real(options);
  const coverage = options.coverage ? new CodeCoverage(options.app) : null;
  const player = new Player(options.app);
  if (options.trace !== undefined) {
    const plan = options.kills === "only" ? twinPlans(options.seed).killed : planOf(options.seed);
    print(writeTrace(player, plan, options.trace));
    return 0;
  }
  const result = campaign(player, options);
  if (options.json) {
    const { findings, counts, ...numbers } = result;
    print([
      JSON.stringify({ ...numbers, processSeconds: processSeconds(), findings, counts: Object.fromEntries(counts) }),
    ]);
  } else {
    for (const finding of result.findings) print(explain(player, finding, options.shrink));
    print(["", "What happened how often:", ...faultCoverage(result), "", ...figures(result)]);
    if (coverage) print(coverageLines(coverage.take()));
  }
  return result.findings.length === 0 ? 0 : 1;
}

async function main(): Promise<void> {
  try {
    const options = readOptions(process.argv.slice(2), join(__dirname, "..", "..", "src"));
    if (options === "help") process.stdout.write(USAGE);
    else process.exitCode = await run(options);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`simulate-faults: ${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
  }
}

void main();
