import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { launchChromium } from "../../chromium";
import { table, quantile, verdictOf, type Measure } from "../service/bars";
import { writeListedDrops, writeRuns } from "../service/history";
import { ServiceStack } from "../service/service-stack";

/** The console in Chromium over a long ledger: bytes of each first page, when it can be used, how soon what came is on the screen, what an idle page asks for. */

/** The sizes that the bars are meant for. */
const FULL = { runs: 10_000, drops: 100_000 };
const REPEATS = 5;
const IDLE_REQUESTS = 1;
const IDLE_MS = 10_000;
const SEARCH_MS = 10_000;

const USAGE = `usage: npm run bench -- --only console [options]

Measures the console in Chromium on the embedded host, over Azurite. The bars are meant for the default sizes; filling the ledger takes some minutes.

  --runs N      runs in the ledger, at least 100 (default ${FULL.runs})
  --drops N     drops in the ledger, at least 100 (default ${FULL.drops})
  --help        this text
`;

type Sizes = typeof FULL;

/** @throws Error that names the option */
function sizesOf(args: readonly string[]): Sizes | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: { runs: { type: "string" }, drops: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (values.help) return "help";
  const size = (name: keyof Sizes): number => {
    const value = Number(values[name] ?? FULL[name]);
    if (Number.isSafeInteger(value) && value >= 100) return value;
    throw new Error(`--${name} must be a whole number of at least 100, not "${values[name]}"`);
  };
  return { runs: size("runs"), drops: size("drops") };
}
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

/** What a page that nobody touches asks for in the usual span, after its first look. */
async function idle(page: Page): Promise<number> {
  await page.waitForLoadState("networkidle");
  let asked = 0;
  const count = () => (asked += 1);
  page.on("request", count);
  await page.waitForTimeout(IDLE_MS);
  page.off("request", count);
  return asked;
}

/** Types a part of the newest drop's path; milliseconds until it is listed, which is after all others were looked through. */
async function searched(stack: ServiceStack, page: Page, drops: number): Promise<number> {
  const name = `${String(drops - 1).padStart(6, "0")}.csv`;
  await page.goto(`${stack.host.url}/console/drops`);
  const field = page.getByLabel("Path of a file, or a part of it");
  const started = performance.now();
  await field.fill(name);
  await page.getByRole("link", { name: `history/${name}` }).waitFor({ timeout: 300_000 });
  return performance.now() - started;
}

async function measure(stack: ServiceStack, { drops }: Sizes): Promise<Measure[]> {
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
    measures.push({ name: "a filter, from its data", value, unit: "ms", most: INTERACTION_MS, detail });
    const asked = await idle(page);
    measures.push({ name: "idle, in ten seconds", value: asked, unit: "requests", most: IDLE_REQUESTS, detail: "" });
    const found = await searched(stack, page, drops);
    const through = `a part of the newest path, behind ${drops - 1} others`;
    return [...measures, { name: "a rare part is found", value: found, unit: "ms", most: SEARCH_MS, detail: through }];
  } finally {
    await browser.close();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const sizes = sizesOf(args);
  if (sizes === "help") {
    console.log(USAGE);
    return 0;
  }
  const { runs, drops } = sizes;
  const stack = await ServiceStack.start(["dropReceived-drops", "sweeper"]);
  try {
    console.error(`bench: console: a ledger of ${runs} runs and ${drops} drops`);
    const started = performance.now();
    await Promise.all([writeRuns(stack, 0, runs), writeListedDrops(stack, 0, drops)]);
    console.error(`bench: console: written in ${((performance.now() - started) / 1000).toFixed(0)} s; Chromium`);
    const measures = await measure(stack, sizes);
    const load = (loadavg()[0] ?? 0).toFixed(1);
    console.log(`console: ${runs} runs and ${drops} drops, ${cpus().length} cores, load ${load}`);
    console.log(table(measures));
    return measures.some((one) => verdictOf(one) === "MISSED") ? 1 : 0;
  } finally {
    await stack.stop();
  }
}

process.once("SIGTERM", () => process.exit(143));
process.once("SIGINT", () => process.exit(130));
main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  },
);
