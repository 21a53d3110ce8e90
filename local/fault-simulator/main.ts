import { join } from "node:path";
import { campaign, processSeconds } from "./cli/campaign";
import { readOptions, USAGE, type Options } from "./cli/options";
import { explain, faultCoverage, figures, writeTrace } from "./cli/report";
import { hunt, huntLine } from "./mutations/hunt";
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

function run(options: Options): number {
  if (options.mutations) return huntAll(options);
  const player = new Player(options.app);
  if (options.trace !== undefined) {
    print(writeTrace(player, planOf(options.seed), options.trace));
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
  }
  return result.findings.length === 0 ? 0 : 1;
}

function main(): void {
  try {
    const options = readOptions(process.argv.slice(2), join(__dirname, "..", "..", "src"));
    if (options === "help") process.stdout.write(USAGE);
    else process.exitCode = run(options);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`simulate-faults: ${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
  }
}

main();
