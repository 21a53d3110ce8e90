import { plainEtag } from "../../src/ledger/drops/drop-rows";
import { useConsoleApp } from "./support/app";
import { expectClean, useBrowser } from "./support/browser";
import { writeMonth, type Month } from "./support/month";
import { seenDrop, writeDrops } from "./support/night";

/** What is looked for, and what is then done about it. */

jest.setTimeout(60_000);

const ODD = "errors/odd.csv";
const GONE = "old-scoring";
const GROUP = "old";
let month: Month;
const app = useConsoleApp(async (filled) => {
  const { ledger, clock } = filled;
  month = await writeMonth(filled, { nights: 14 });
  await ledger.registry.register(GONE, GROUP);
  await writeDrops(filled, GONE, ["telemetry/left.csv.gz", "other/left.csv"], clock.at);
  await ledger.runs.change(month.failed, () => ({ retiredAt: clock.at.toISOString() }));
  // As a crash leaves it: the run is over, the slot is still its own.
  await ledger.slots.take(GROUP, {
    holder: `${month.failed}-a1`,
    backfill: false,
    requestedAt: clock.at.toISOString(),
  });
  const { etag } = await filled.blobs.getContainerClient("drops").getBlockBlobClient(ODD).upload("a,b\n1,2\n", 8);
  await ledger.drops.quarantine({ ...seenDrop("scoring", ODD, clock.at), etag: plainEtag(etag ?? "") }, "it grew");
});
const browser = useBrowser();
const see = (path: string) => browser.open(`${app.url}/console/${path}`);

describe("runs", () => {
  it("are found by what asked for them and by day; both stand in the address", async () => {
    const watched = await see("runs");
    const { page } = watched;
    await page.getByLabel("Asked for").selectOption("by a person");
    await page.getByRole("link", { name: "training" }).first().waitFor();
    await page.getByRole("link", { name: "scoring" }).first().waitFor({ state: "detached" });
    expect(page.url()).toContain("trigger=http");
    await expectClean(watched);

    await page.getByLabel("From, UTC").fill("2020-01-01");
    await page.getByLabel("To", { exact: true }).fill("2020-01-02");
    await page.getByText("Nothing fits these filters.").waitFor();
    expect(page.url()).toContain("from=2020-01-01&to=2020-01-02");
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByRole("link", { name: "scoring" }).first().waitFor();
  });

  it("whose batch retention took are not offered for a retry", async () => {
    const { page } = await see(`runs/${month.failed}`);
    await page.getByRole("button", { name: "Run again…" }).waitFor();
    expect(await page.getByRole("button", { name: /Retry/ }).count()).toBe(0);
  });
});

describe("drops", () => {
  it("are found by a part of the path as one types, within a state or in all", async () => {
    const watched = await see("drops?state=pending");
    const { page } = watched;
    await page.getByRole("link", { name: "telemetry/late.csv.gz" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("ERRORS/la");
    await page.getByRole("link", { name: "telemetry/late.csv.gz" }).waitFor({ state: "detached" });
    await page.getByRole("link", { name: "errors/late.csv" }).waitFor();

    expect(await page.getByRole("row").count()).toBe(2);
    expect(page.url()).toContain("state=pending&find=ERRORS%2Fla");
    await expectClean(watched);
    await page.getByRole("link", { name: /^pending/ }).click();
    await page.getByRole("link", { name: "errors/late.csv" }).click();
    await page.getByRole("heading", { name: "Versions, newest first" }).waitFor();
  });

  it("are counted by state", async () => {
    const { page } = await see("drops");
    await page.getByRole("link", { name: /^pending 3 / }).waitFor();
    await page.getByRole("link", { name: /quarantined 2 / }).waitFor();
  });

  it("that could not be taken are taken again", async () => {
    const { page } = await see("drops?state=quarantined");
    await page.getByRole("link", { name: ODD }).click();
    await page.getByRole("button", { name: "Take it again…" }).click();
    await page.getByLabel("Why").fill("the writer is done");
    await page.getByRole("dialog").getByRole("button", { name: "Take it again" }).click();

    await page.getByText("It is pending again").waitFor();
    await page
      .getByRole("row")
      .filter({ hasText: /pending|claimed|batched/ })
      .waitFor();
  });

  it("of a pipeline whose definition is gone go to another one, from the overview", async () => {
    const { page } = await see("");
    const need = page.getByRole("listitem").filter({ hasText: GONE });
    await need.getByRole("link", { name: "Show" }).click();
    await page.getByText(`The definition of ${GONE} is gone`).waitFor();
    await page.getByRole("button", { name: "Route them" }).click();

    await page.getByText("1 drop went to scoring; its pattern takes none of the other 1").waitFor();
    await page.getByRole("link", { name: "telemetry/left.csv.gz" }).waitFor({ state: "detached" });
    await page.getByRole("link", { name: "other/left.csv" }).waitFor();
  });
});

describe("slots", () => {
  it("are taken from a run that is over, with a reason", async () => {
    const watched = await see("health");
    const { page } = watched;
    const slot = page.getByRole("row").filter({ hasText: month.failed });
    await slot.getByRole("button", { name: "Release…" }).click();
    await expectClean(watched);
    await page.getByLabel("Why").fill("the host was lost");
    await page.getByRole("dialog").getByRole("button", { name: "Release" }).click();

    await page.getByText(`The slot of ${GROUP} is handed on`).waitFor();
    await slot.waitFor({ state: "detached" });
  });
});
