import { ServiceStack } from "../../local/bench/service/service-stack";
import { writeListedDrops, writeRuns } from "../../local/bench/service/history";
import { useBrowser } from "./support/browser";

/** The console over a long ledger: how much it asks for. How fast that is, `npm run bench -- --only console` tells. */

jest.setTimeout(60_000);

/** `CONSOLE_LEDGER=full` is the ledger of the bars; what is asked for does not grow with it. */
const isFull = process.env["CONSOLE_LEDGER"] === "full";
const [RUNS, DROPS] = isFull ? [10_000, 100_000] : [1000, 6000];
const FIRST_PAGE_BYTES = 100_000;

let stack: ServiceStack;
beforeAll(async () => {
  stack = await ServiceStack.start(["dropReceived-drops", "sweeper"]);
  await Promise.all([writeRuns(stack, 0, RUNS), writeListedDrops(stack, 0, DROPS)]);
}, 300_000);
afterAll(async () => stack.stop());
const browser = useBrowser();

const see = (path: string) => browser.open(`${stack.host.url}/console/${path}`);
const ROWS = "document.querySelectorAll('.rows > *').length";

it.each([
  ["", "The last"],
  ["runs", "Took"],
  ["drops", "Size"],
])("the first page of /%s is at most 100 kB over the wire", async (path, text) => {
  const { page, faults } = await see(path);
  await page.getByText(text).first().waitFor();
  await page.waitForLoadState("networkidle");

  const bytes = await page.evaluate("performance.getEntries().reduce((sum, one) => sum + (one.transferSize ?? 0), 0)");

  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(FIRST_PAGE_BYTES);
  expect(faults).toEqual([]);
});

it("a list has only the rows in sight in the document, and asks for a page when its end comes near", async () => {
  const { page, requests } = await see("runs");
  await page.getByRole("row").nth(20).waitFor();
  const lists = () => requests.filter((url) => url.includes("/v1/runs?")).length;
  expect(lists()).toBe(1);

  for (let turn = 0; turn < 5; turn += 1) {
    await page.mouse.wheel(0, 4400);
    await page.waitForLoadState("networkidle");
  }

  expect(lists()).toBeGreaterThan(2);
  expect(lists()).toBeLessThan(9);
  expect(await page.evaluate(ROWS)).toBeLessThan(80);
});

it("finds a drop by a part of its path, with a request for every 2,000 that stand before it", async () => {
  const { page, requests } = await see("drops?find=Y/005100");
  await page.getByRole("link", { name: "history/005100.csv" }).waitFor({ timeout: 50_000 });

  expect(requests.filter((url) => url.includes("contains=")).length).toBeLessThanOrEqual(DROPS / 2000 + 1);
});

it("asks for at most one small thing in ten seconds while nobody does anything", async () => {
  const { page, requests } = await see("runs");
  await page.getByRole("row").nth(20).waitFor();
  await page.waitForLoadState("networkidle");
  const before = requests.length;
  const answer = page.waitForResponse((response) => response.url().includes("/api/"), { timeout: 30_000 });

  const { status, headers } = await answer.then(async (one) => ({
    status: one.status(),
    headers: await one.allHeaders(),
  }));
  await page.waitForTimeout(11_000);

  expect(status).toBe(304);
  expect(Number(headers["content-length"] ?? 0)).toBe(0);
  expect(requests.length - before).toBeLessThanOrEqual(3);
});
