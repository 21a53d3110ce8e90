import { dropKeys } from "../../../src/ledger/drops/drop-rows";
import { quantile, type Measure } from "./bars";
import { STORM } from "./definitions";
import { batchRunId, MANY_VERSIONS } from "./history";
import type { ServiceStack } from "./service-stack";

const MOST_MS = 100;
/** A page of the app's own size; `pages` to go on by `nextLink` before the answer that is measured. */
interface List {
  readonly name: string;
  readonly path: string;
  readonly pages: number;
}

const LISTS: readonly List[] = [
  { name: "runs, newest", path: `api/pipelines/${STORM}/runs`, pages: 0 },
  { name: "runs, next page", path: `api/pipelines/${STORM}/runs`, pages: 2 },
  { name: "runs by state", path: `api/pipelines/${STORM}/runs?state=failed`, pages: 0 },
  { name: "runs by state, next page", path: `api/pipelines/${STORM}/runs?state=failed`, pages: 1 },
  { name: "runs of all pipelines", path: "api/runs", pages: 0 },
  { name: "runs of all pipelines by state", path: "api/runs?state=failed", pages: 0 },
  { name: "drops by state", path: `api/pipelines/${STORM}/drops?state=batched`, pages: 0 },
  { name: "drops by state, next page", path: `api/pipelines/${STORM}/drops?state=batched`, pages: 2 },
  { name: "drops by run", path: `api/pipelines/${STORM}/drops?runId=${batchRunId(0)}`, pages: 0 },
  { name: "drops by path", path: `api/pipelines/${STORM}/drops?path=${MANY_VERSIONS}`, pages: 0 },
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

/** The emulator's own share: one row read by its keys, and a query that finds one row, past app and host. */
async function emulator(stack: ServiceStack, answers: number): Promise<string> {
  const table = stack.table("drops");
  const { partitionKey } = dropKeys("drops", "history/000099.csv", "");
  const point = await times(answers, async () => table.get("cursor", "scan|drops"));
  const query = await times(answers, async () => {
    for await (const row of table.query({ partition: partitionKey, limit: 1 })) void row;
  });
  return `a row by its keys ${figures(point)}; a query for one row ${figures(query)}`;
}

/** The lists of the HTTP API at the sizes that the ledger has now; the 95th percentile counts. */
export async function measureLists(stack: ServiceStack, answers: number): Promise<Measure[]> {
  const measures: Measure[] = [];
  for (const list of LISTS) {
    const address = await pageOf(stack, list);
    const first = await stack.call<PageView>("GET", address);
    if (first.value.length === 0) throw new Error(`${list.name}: the list is empty`);
    stack.resetCounts();
    const measured = await times(answers, async () => stack.call("GET", address));
    const { calls, rows } = stack.counts();
    const cost = `${(calls / answers).toFixed(1)} storage calls, ${(rows / answers).toFixed(0)} rows an answer of ${first.value.length}`;
    measures.push({
      name: `list: ${list.name}`,
      value: quantile(measured, 0.95),
      unit: "ms",
      most: MOST_MS,
      detail: `median ${quantile(measured, 0.5).toFixed(0)} ms; ${cost}`,
    });
  }
  const detail = await emulator(stack, answers);
  measures.push({ name: "the storage emulator itself", value: answers, unit: "answers", most: null, detail });
  return measures;
}
