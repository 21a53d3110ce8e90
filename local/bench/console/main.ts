import { cpus, loadavg } from "node:os";
import type { Page } from "playwright-core";
import { launchChromium } from "../../chromium";
import { table, quantile, verdictOf, type Measure } from "../service/bars";
import { writeListedDrops, writeRuns } from "../service/history";
import { ServiceStack } from "../service/service-stack";

/** The console in Chromium over a long ledger: bytes of each first page, when it can be used, how soon what came is on the screen. */

const RUNS = 10_000;
const DROPS = 100_000;
const REPEATS = 5;
const FIRST_PAGE_BYTES = 100_000;
const USABLE_MS = 1000;
const INTERACTION_MS = 100;
const VIEW = { width: 1440, height: 900 };

/** A page, and what is there when it can be used. */
const PAGES = [
  ["overview", "", ".kpi"],
  ["runs", "runs", ".rows .line"],
  ["drops", "drops", ".rows .line"],
] as const;

const BYTES = "performance.getEntries().reduce((sum, one) => sum + (one.transferSize ?? 0), 0)";
/** From the end of the last answer of the API to the paint behind the change that it made. */
const SINCE_DATA = `new Promise((told) => requestAnimationFrame(() => setTimeout(() => {
  const answers = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/api/"));
  told(performance.now() - Math.max(...answers.map(({ responseEnd }) => responseEnd)));
})))`;

/** Opens a page with an empty cache. */
async function opened(stack: ServiceStack, path: string, selector: string): Promise<{ bytes: number; ms: number }> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: VIEW });
    const started = performance.now();
    await page.goto(`${stack.host.url}/console/${path}`);
    await page.locator(selector).first().waitFor();
    const ms = performance.now() - started;
    await page.waitForLoadState("networkidle");
    return { bytes: await page.evaluate<number>(BYTES), ms };
  } finally {
    await browser.close();
  }
}

/** Chooses a state in the list of runs; milliseconds from its data to their paint. */
async function chosen(page: Page, state: string): Promise<number> {
  const answer = page.waitForResponse((response) => response.url().includes(`state=${state}`));
  await page.getByLabel("State").selectOption(state);
  await (await answer).finished();
  await page.locator(".rows .pill", { hasText: state }).first().waitFor();
  return page.evaluate<number>(SINCE_DATA);
}

async function measure(stack: ServiceStack): Promise<Measure[]> {
  const measures: Measure[] = [];
  for (const [name, path, selector] of PAGES) {
    const all = [];
    for (let turn = 0; turn < REPEATS; turn += 1) all.push(await opened(stack, path, selector));
    const bytes = Math.max(...all.map((one) => one.bytes));
    const times = all.map(({ ms }) => ms);
    const detail = `slowest of ${REPEATS}: ${Math.max(...times).toFixed(0)} ms; a new browser each`;
    measures.push({ name: `${name}: over the wire`, value: bytes, unit: "bytes", most: FIRST_PAGE_BYTES, detail: "" });
    measures.push({ name: `${name}: usable`, value: quantile(times, 0.5), unit: "ms", most: USABLE_MS, detail });
  }
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: VIEW });
    await page.goto(`${stack.host.url}/console/runs`);
    await page.locator(".rows .line").first().waitFor();
    const times: number[] = [];
    for (let turn = 0; turn < REPEATS; turn += 1)
      for (const state of ["failed", "cancelled", "succeeded"]) times.push(await chosen(page, state));
    const detail = `${times.length} changes of a filter; slowest ${Math.max(...times).toFixed(0)} ms`;
    const value = quantile(times, 0.95);
    return [...measures, { name: "a filter, from its data", value, unit: "ms", most: INTERACTION_MS, detail }];
  } finally {
    await browser.close();
  }
}

async function main(): Promise<number> {
  const stack = await ServiceStack.start(["dropReceived-drops", "sweeper"]);
  try {
    console.error(`bench: console: a ledger of ${RUNS} runs and ${DROPS} drops`);
    await Promise.all([writeRuns(stack, 0, RUNS), writeListedDrops(stack, 0, DROPS)]);
    console.error("bench: console: Chromium");
    const measures = await measure(stack);
    const load = (loadavg()[0] ?? 0).toFixed(1);
    console.log(`console: ${RUNS} runs and ${DROPS} drops, ${cpus().length} cores, load ${load}`);
    console.log(table(measures));
    return measures.some((one) => verdictOf(one) === "MISSED") ? 1 : 0;
  } finally {
    await stack.stop();
  }
}

process.once("SIGTERM", () => process.exit(143));
process.once("SIGINT", () => process.exit(130));
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
