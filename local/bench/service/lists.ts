import { quantile, type Measure } from "./bars";
import { benchDefinitions, STORM } from "./definitions";
import { batchRunId, MANY_VERSIONS } from "./history";
import type { ServiceStack } from "./service-stack";

const MOST_MS = 100;
/** When a query for one row takes the emulator longer, its share of an answer hides the app's. */
const EMULATOR_MOST_MS = MOST_MS / 3;
/** A page of the app's own size; `pages` to go on by `nextLink` before the answer that is measured. */
interface List {
  readonly name: string;
  readonly path: string;
  readonly pages: number;
}

const LISTS: readonly List[] = [
  { name: "runs, newest", path: `api/v1/runs?pipeline=${STORM}`, pages: 0 },
  { name: "runs, next page", path: `api/v1/runs?pipeline=${STORM}`, pages: 2 },
  { name: "runs by state", path: `api/v1/runs?pipeline=${STORM}&state=failed`, pages: 0 },
  { name: "runs by state, next page", path: `api/v1/runs?pipeline=${STORM}&state=failed`, pages: 1 },
  { name: "runs of all pipelines", path: "api/v1/runs", pages: 0 },
  { name: "runs of all pipelines by state", path: "api/v1/runs?state=failed", pages: 0 },
  { name: "drops by state", path: `api/v1/pipelines/${STORM}/drops?state=batched`, pages: 0 },
  { name: "drops by state, next page", path: `api/v1/pipelines/${STORM}/drops?state=batched`, pages: 2 },
  { name: "drops by run", path: `api/v1/pipelines/${STORM}/drops?runId=${batchRunId(0)}`, pages: 0 },
  { name: "drops by path", path: `api/v1/pipelines/${STORM}/drops?path=${MANY_VERSIONS}`, pages: 0 },
];

interface PageView {
  readonly value: readonly unknown[];
  readonly nextLink?: string;
}

/** The address of the page to measure. @throws Error when the list ends before it, which would measure something else */
async function pageOf(stack: ServiceStack, { name, path, pages }: List): Promise<string> {
  let at = path;
  for (let page = 0; page < pages; page += 1) {
    const { nextLink } = await stack.call<PageView>("GET", at);
    if (nextLink === undefined) throw new Error(`${name}: there is no page ${page + 2}`);
    at = nextLink;
  }
  return at;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function times(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const measured: number[] = [];
  for (let index = 0; index < count; index += 1) measured.push(await timed(work));
  return measured;
}

const figures = (values: readonly number[]): string =>
  `median ${quantile(values, 0.5).toFixed(0)} ms, 95th percentile ${quantile(values, 0.95).toFixed(0)} ms`;

/** The emulator's own share: one row read by its keys, and a query that finds one row, past app and host. Milliseconds. */
async function emulator(stack: ServiceStack, answers: number): Promise<{ point: number[]; query: number[] }> {
  const table = stack.table("drops");
  const point = await times(answers, async () => table.get("cursor", "scan|drops"));
  const query = await times(answers, async () => {
    for await (const row of table.query({ partition: "cursor", limit: 1 })) void row;
  });
  return { point, query };
}

/** The lists of the HTTP API at the sizes that the ledger has now; the 95th percentile counts. */
export async function measureLists(stack: ServiceStack, answers: number): Promise<Measure[]> {
  const { point, query } = await emulator(stack, answers);
  const isEmulatorSlow = quantile(query, 0.95) > EMULATOR_MOST_MS;
  const measures: Measure[] = [];
  let mostCalls = 0;
  for (const list of LISTS) {
    const address = await pageOf(stack, list);
    const first = await stack.call<PageView>("GET", address);
    if (first.value.length === 0) throw new Error(`${list.name}: the list is empty`);
    stack.resetCounts();
    const measured = await times(answers, async () => stack.call("GET", address));
    const calls = stack.counts().calls / answers;
    const rows = Math.round(stack.counts().rows / answers);
    mostCalls = Math.max(mostCalls, calls);
    measures.push({
      name: `list: ${list.name}`,
      value: quantile(measured, 0.95),
      unit: "ms",
      most: MOST_MS,
      detail: `median ${quantile(measured, 0.5).toFixed(0)} ms; ${calls.toFixed(1)} storage calls, ${rows} rows an answer of ${first.value.length}`,
      isEmulatorSlow,
    });
  }
  const detail = `a row by its keys: ${figures(point)}`;
  const [unit, most] = ["ms", null] as const;
  const itself = {
    name: "the storage emulator, a query for one row",
    value: quantile(query, 0.95),
    unit,
    most,
    detail,
  };
  // One query a pipeline, and a look at which pipelines there are.
  const calls = { value: mostCalls, unit: "calls", most: 1 + benchDefinitions().length };
  return [...measures, { name: "lists: most storage calls for an answer", ...calls, detail: "" }, itself];
}
