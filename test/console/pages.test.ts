import { expectClean, PHONE, useBrowser, type Look } from "./support/browser";
import { useConsoleApp } from "./support/app";
import { looks, SIGHTS, takePicture } from "./support/looks";
import { writeMonth, type Month } from "./support/month";

/** The pages in a real Chromium on the app in the embedded host, over a month of the ledger. */

jest.setTimeout(60_000);

let month: Month;
const app = useConsoleApp(async (filled) => {
  month = await writeMonth(filled);
});
const browser = useBrowser();

const see = (path: string, look?: Look) => browser.open(`${app.url}/console/${path}`, look);

describe.each(looks)("every page, %s", (lookName, look) => {
  it.each(SIGHTS)("%s", async (name, place, heading) => {
    const watched = await see(place(month), look);
    await watched.page.getByRole("heading", { name: heading }).first().waitFor();
    await watched.page.waitForLoadState("networkidle");

    await takePicture(watched.page, name, lookName);
    await expectClean(watched);
  });
});

describe("the overview", () => {
  it("says what runs, what waits and what needs a person", async () => {
    const watched = await see("");
    const { page } = watched;
    await page.getByRole("heading", { level: 1, name: "A run is on its way" }).waitFor();

    expect(await page.getByText("scoring: features, step 2 of 3").count()).toBe(1);
    const need = page.getByRole("listitem").filter({ hasText: "scoring stopped in features" });
    expect(await need.innerText()).toContain("KeyError: 'vibration'");
    expect(await page.getByRole("link", { name: /failed.*in features/ }).count()).toBe(1);
    await expectClean(watched);
  });

  it("is led to from the root, is small, and asks for nothing that did not change", async () => {
    const { page } = await browser.open(app.url);
    await page.getByRole("heading", { level: 1, name: "A run is on its way" }).waitFor();

    const bytes = await page.evaluate(
      "performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize ?? 0), 0)",
    );
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(100_000);
    const again = page.waitForResponse((response) => response.url().endsWith("/v1/overview"));
    await page.getByRole("button", { name: /as of/ }).click();
    expect((await again).status()).toBe(304);
  });
});

describe("runs", () => {
  it("are listed newest first; filters stand in the address, and back takes them away", async () => {
    const watched = await see("runs");
    const { page } = watched;
    await page.getByRole("row").nth(1).waitFor();
    await expectClean(watched);

    await page.getByLabel("State").selectOption("failed");
    await page.getByText("KeyError").waitFor();

    expect(page.url()).toContain("?state=failed");
    expect(await page.getByRole("row").count()).toBe(2);
    await page.goBack();
    await page.getByRole("row").nth(9).waitFor();
  });

  it("tell their story with timeline, batch, error and steps", async () => {
    const watched = await see(`runs/${month.failed}`, PHONE);
    const { page } = watched;
    await page.getByRole("heading", { name: "Timeline" }).waitFor();

    expect(await page.getByRole("img", { name: /^features: .*generation 1 · RUN_EXECUTION_ERROR/ }).count()).toBe(1);
    expect(await page.getByLabel("Error", { exact: true }).innerText()).toContain(
      '---> 12 frame = frame.withColumn("v"',
    );
    expect(await page.getByText("RUN_EXECUTION_ERROR in features, cell 3, line 12").count()).toBe(1);
    await page.getByRole("link", { name: /^telemetry\// }).waitFor();
    expect(await page.getByRole("button", { name: "Retry from features" }).count()).toBe(1);
    await expectClean(watched);
  });

  it("are retried from the page, which then shows the next attempt", async () => {
    const { page } = await see(`runs/${month.failed}`);
    await page.getByRole("button", { name: "Retry from features" }).click();

    await page.getByText("The next attempt is open").waitFor();
    await page.getByText("attempt 2").waitFor();
    expect((await app.ledger.runs.get(month.failed))?.attempt).toBe(2);
  });

  it("are cancelled after a question that can be left", async () => {
    const { page } = await see(`runs/${month.running}`);
    await page.getByRole("button", { name: "Cancel…" }).click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect((await app.ledger.runs.get(month.running))?.cancelRequestedAt).toBeNull();

    await page.getByRole("button", { name: "Cancel…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();

    await page.getByText("The cancellation is noted").waitFor();
    expect((await app.ledger.runs.get(month.running))?.cancelRequestedAt).not.toBeNull();
  });

  it("are retried together, the count first", async () => {
    const watched = await see("runs?pipeline=training&state=cancelled");
    const { page } = watched;
    await page.getByRole("button", { name: "Retry all of these…" }).click();
    await page.getByRole("dialog").getByText("1 run", { exact: true }).waitFor();
    await expectClean(watched);
    await page.getByLabel("Why").fill("the cluster is back");
    await page.getByRole("button", { name: "Retry 1 run" }).click();

    await page.getByText("1 run done").waitFor();
  });
});

describe("drops", () => {
  it("are found by path, with every version and the run that took it", async () => {
    const watched = await see("drops?state=pending");
    const { page } = watched;
    await page.getByRole("link", { name: "telemetry/late.csv.gz" }).waitFor();
    await expectClean(watched);

    await page.keyboard.press("/");
    await page.keyboard.type("telemetry/late.csv.gz");
    await page.getByRole("heading", { name: "Versions, newest first" }).waitFor();

    expect(page.url()).toContain("find=telemetry%2Flate.csv.gz");
    expect(await page.getByRole("row").filter({ hasText: "pending" }).count()).toBe(1);
    await page.getByRole("listitem").first().waitFor();
    await expectClean(watched);
  });
});

describe("quarantine", () => {
  it("shows a refused line with its cell marked, and releases it mended", async () => {
    const watched = await see("quarantine");
    const { page } = watched;
    await page.getByRole("link", { name: "telemetry/2015-11-16.csv.gz" }).click();
    await page.getByRole("heading", { level: 1, name: "2 rows of telemetry" }).waitFor();

    expect(await page.locator("mark").allInnerTexts()).toEqual(["n/a", "∅"]);
    await expectClean(watched);
    await page.getByRole("button", { name: "Mend line 88" }).click();
    await page.getByLabel(/^datetime,machineID/).fill("2015-11-16 07:00:00,27,170.1,418.5,113.1,45.1");
    await page.getByLabel("Why").fill("the logger wrote n/a for a lost reading");
    await page.getByRole("button", { name: "Release 1 mended" }).click();

    await page.getByText("Released: it comes as a drop of its own").waitFor();
  });
});

describe("risk", () => {
  it("names who is likely to fail, how sure that is and why, by horizon", async () => {
    const watched = await see("risk");
    const { page } = watched;
    await page.getByRole("heading", { name: "Most likely to fail within 48 h" }).waitFor();

    expect(await page.getByRole("row").nth(1).innerText()).toMatch(/27\s+comp1\s+92 %\s+▲\s*alert/);
    await expectClean(watched);
    await page.getByRole("link", { name: "within 168 h" }).click();
    await page.getByRole("heading", { name: "Most likely to fail within 168 h" }).waitFor();
    expect(page.url()).toContain("within=168h");
  });
});

describe("one machine", () => {
  it("shows its chances over time, what is an alert, and why", async () => {
    const watched = await see("risk/17?within=48h", PHONE);
    const { page } = watched;
    await page.getByRole("img", { name: /points; the highest is comp1 with/ }).waitFor();

    expect(await page.locator(".dot.alert").count()).toBeGreaterThan(0);
    await expectClean(watched);
  });

  it("shows the days before with what is normal for it, what happened in them, and what then failed", async () => {
    const watched = await see("risk/17?within=48h");
    const { page } = watched;
    const volt = page.getByRole("img", {
      name: /^volt: 19\d V in the last day, 2\d(\.\d)? above its normal \(1\.\d sd\)/,
    });
    await volt.waitFor();

    // The farthest from normal comes first; a gap in the readings is a gap in the line.
    expect(await page.locator(".sensors figcaption b").allInnerTexts()).toEqual(expect.arrayContaining(["rotate"]));
    expect(await page.locator(".sensors figcaption b").first().innerText()).toBe("volt");
    expect(await volt.locator("polyline").count()).toBe(2);
    expect(await volt.locator("rect.band").count()).toBe(1);
    const marks = page.getByRole("list", { name: "What happened in these days" });
    expect(await marks.getByRole("listitem").allInnerTexts()).toEqual([
      expect.stringMatching(/comp3\s*maintenance/),
      expect.stringMatching(/error1\s*event/),
      expect.stringMatching(/error2\s*event/),
    ]);
    const fate = page.getByRole("listitem").filter({ hasText: "came true" });
    expect(await fate.first().innerText()).toMatch(/comp1 alert of .* 2015[^]*failed on 17 Nov 2015, 03:00/);
    await expectClean(watched);
  });

  it("says so where nothing of the days before was kept", async () => {
    const watched = await see("risk/2?within=48h");
    await watched.page.getByText("The readings of the days before were not kept").waitFor();
    await expectClean(watched);
  });
});

describe("models", () => {
  it("shows quality beside the rule, drift, and what the gate said", async () => {
    const watched = await see("models", PHONE);
    const { page } = watched;
    await page.getByText("▲ drifted").waitFor();
    await page.getByText("F1 0.996 at 24h").waitFor();
    await page.getByRole("link", { name: "version 7" }).waitFor();

    expect(await page.getByRole("img", { name: "Precision over recall, by horizon" }).locator("polyline").count()).toBe(
      3,
    );
    expect(await page.getByText("above the champion's").count()).toBe(1);
    await expectClean(watched);
  });
});
