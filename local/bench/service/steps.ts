import { isClosed, type RunState } from "../../../src/domain/run";
import { quantile, type Measure } from "./bars";
import { ALL_STEPS, ONE_STEP, STEP_COUNT } from "./definitions";
import type { ServiceStack } from "./service-stack";

/** What one run cost. */
interface Cost {
  readonly seconds: number;
  readonly jobsCalls: number;
  readonly storageCalls: number;
}

interface RunView {
  readonly id: string;
  readonly state: RunState;
}

const RUN_SECONDS = 300;

/** A request over HTTP, to the end of its run. The bench waits in the ledger, past the counters. */
async function runOnce(stack: ServiceStack, pipeline: string): Promise<Cost> {
  stack.resetCounts();
  const jobsBefore = stack.jobs.requests;
  const started = performance.now();
  const { id } = await stack.call<RunView>("POST", `api/v1/pipelines/${pipeline}/runs`, { rerun: true });
  const ended = await stack.until(`the end of ${id}`, RUN_SECONDS, async () => {
    const run = await stack.ledger.runs.get(id);
    return run && isClosed(run.state) ? run : null;
  });
  const seconds = (performance.now() - started) / 1000;
  if (ended.state !== "succeeded")
    throw new Error(`run ${id} ended as ${ended.state}: ${ended.error?.message ?? "no reason"}`);
  // The slot is given back and the message sent after the record is closed: these calls belong to the run as well.
  await stack.until(`the slot of ${pipeline}`, RUN_SECONDS, async () =>
    (await stack.ledger.slots.inspect(pipeline)).holder === null ? true : null,
  );
  return { seconds, jobsCalls: stack.jobs.requests - jobsBefore, storageCalls: stack.counts().calls };
}

async function runsOf(stack: ServiceStack, pipeline: string, repeats: number): Promise<Cost> {
  // The first run makes tables, job look-ups and caches.
  await runOnce(stack, pipeline);
  const costs: Cost[] = [];
  for (let index = 0; index < repeats; index += 1) costs.push(await runOnce(stack, pipeline));
  const median = (of: (cost: Cost) => number) => quantile(costs.map(of), 0.5);
  return {
    seconds: median((cost) => cost.seconds),
    jobsCalls: median((cost) => cost.jobsCalls),
    storageCalls: median((cost) => cost.storageCalls),
  };
}

/** What the app adds to a step, with a Databricks that takes no time: a whole run by its steps, and what one more step costs. */
export async function measureSteps(stack: ServiceStack, repeats: number): Promise<Measure[]> {
  const one = await runsOf(stack, ONE_STEP, repeats);
  const all = await runsOf(stack, ALL_STEPS, repeats);
  const measure = (name: string, unit: string, of: (cost: Cost) => number): Measure => ({
    name,
    value: of(all) / STEP_COUNT,
    unit,
    most: null,
    detail: `one more step ${((of(all) - of(one)) / (STEP_COUNT - 1)).toFixed(2)}; median of ${repeats} runs of ${STEP_COUNT} steps`,
  });
  return [
    measure("overhead a step, instant Databricks", "s", (cost) => cost.seconds),
    measure("Jobs API calls a step", "calls", (cost) => cost.jobsCalls),
    measure("storage calls a step", "calls", (cost) => cost.storageCalls),
  ];
}
