import { cpus, loadavg } from "node:os";
import { table, verdictOf, type Measure } from "./bars";
import { measureSteps } from "./steps";
import { measureLists } from "./lists";
import { measureStories } from "./stories";
import { writeDrops, writeRuns } from "./history";
import { isFullSize, parseServiceOptions, USAGE, type ServiceSizes } from "./options";
import { ServiceStack } from "./service-stack";
import { measureStorm } from "./storm";
import { sweeperCalls } from "./sweeps";

/** The sweeper is measured first with so small a part of the drops and runs, but not below what one pass looks at. */
const FEW = 100;
const LEAST_FEW = 100;
const MOST_GROWTH = 1.2;

type Tell = (what: string) => void;

async function withStack<T>(disabled: readonly string[], work: (stack: ServiceStack) => Promise<T>): Promise<T> {
  const stack = await ServiceStack.start(disabled);
  try {
    return await work(stack);
  } finally {
    await stack.stop();
  }
}

/** The sweeper over a short and a long history, then the lists over the long one. */
async function measureHistory(stack: ServiceStack, sizes: ServiceSizes, tell: Tell): Promise<Measure[]> {
  const fewOf = (many: number): number => Math.max(LEAST_FEW, Math.round(many / FEW));
  const [few, fewRuns] = [fewOf(sizes.drops), fewOf(sizes.runs)];
  tell(`a history of ${few} drops`);
  await writeRuns(stack, 0, fewRuns);
  await writeDrops(stack, 0, few);
  const before = await sweeperCalls(stack);
  tell(`a history of ${sizes.drops} drops and ${sizes.runs} runs`);
  await writeRuns(stack, fewRuns, sizes.runs);
  await writeDrops(stack, few, sizes.drops);
  const after = await sweeperCalls(stack);
  const detail = `${before} with ${few} drops and ${fewRuns} runs, ${after} with ${sizes.drops} and ${sizes.runs}, at rest`;
  tell("the lists");
  return [
    { name: "sweeper's storage calls a minute", value: after, unit: "calls", most: null, detail },
    { name: "the same, long : short history", value: after / before, unit: "", most: MOST_GROWTH, detail: "" },
    ...(await measureLists(stack, sizes.answers)),
    ...(await measureStories(stack, sizes.answers)),
  ];
}

async function measureAll(sizes: ServiceSizes, tell: Tell): Promise<Measure[]> {
  tell(`steps, ${sizes.repeats} runs of each pipeline`);
  const steps = await withStack(["dropReceived-drops", "sweeper"], async (stack) => measureSteps(stack, sizes.repeats));
  tell(`a storm of ${sizes.storm} drops`);
  const storm = await withStack([], async (stack) => measureStorm(stack, sizes.storm, sizes.seed));
  const history = await withStack(["dropReceived-drops", "sweeper"], async (stack) =>
    measureHistory(stack, sizes, tell),
  );
  return [...steps, ...storm, ...history];
}

/** The exit code: 1 when a bar is missed at full size, 2 for a wrong option. */
async function main(args: readonly string[]): Promise<number> {
  let options: ReturnType<typeof parseServiceOptions>;
  try {
    options = parseServiceOptions(args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
  if (options === "help") {
    console.log(USAGE);
    return 0;
  }
  const { sizes, json } = options;
  const started = performance.now();
  const tell: Tell = (what) => {
    console.error(`bench: ${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  service: ${what}`);
  };
  const measures = await measureAll(sizes, tell);
  if (json) {
    const judged = measures.map((measure) => ({ ...measure, met: verdictOf(measure) !== "MISSED" }));
    console.log(JSON.stringify({ section: "service", sizes, measures: judged }, null, 2));
  } else {
    const { storm, drops, runs } = sizes;
    console.log(
      `service: storm of ${storm} drops, history of ${drops} drops and ${runs} runs, ${cpus().length} cores, load ${(loadavg()[0] ?? 0).toFixed(1)}`,
    );
    console.log(table(measures));
  }
  const missed = measures.filter((measure) => verdictOf(measure) === "MISSED");
  if (missed.length > 0 && !isFullSize(sizes))
    console.error("The bars of the service are meant for the default sizes.");
  return missed.length > 0 && isFullSize(sizes) ? 1 : 0;
}

process.once("SIGTERM", () => process.exit(143));
process.once("SIGINT", () => process.exit(130));
main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
