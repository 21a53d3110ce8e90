import { useConsoleApp } from "./support/app";
import { expectClean, PHONE, useBrowser, type Look } from "./support/browser";
import { writeMonth } from "./support/month";

/** What holds for all pages, and the two that change how things go on, in a real Chromium on the app in the embedded host. */

jest.setTimeout(60_000);

const app = useConsoleApp(async (filled) => void (await writeMonth(filled)));
const browser = useBrowser();
const see = (path: string, look?: Look) => browser.open(`${app.url}/console/${path}`, look);

describe("backfill", () => {
  it("shows what would run, and starts exactly that", async () => {
    const watched = await see("backfill?from=2026-11-01&to=2026-11-04");
    const { page } = watched;
    await page.getByRole("button", { name: "Show what would run" }).click();
    await page.getByText("3 windows would run").waitFor();
    await page.getByText("Of 3 windows: 0 scored, 0 failed, 3 without a run").waitFor();

    expect(await page.getByRole("list", { name: "Windows" }).getByRole("listitem").count()).toBe(3);
    await expectClean(watched);
    await page.getByLabel("Why").fill("new features");
    await page.getByRole("button", { name: "Start 3 windows" }).click();

    await page.getByText("The backfill is under way").waitFor();
    await page.getByRole("listitem").filter({ hasText: "new features" }).getByText("0 of 3 windows done").waitFor();
  });
});

describe("health", () => {
  it("names what is wrong first, and pauses a pipeline with a reason", async () => {
    const watched = await see("health", PHONE);
    const { page } = watched;
    await page.getByRole("heading", { name: /^Checks of version/ }).waitFor();
    const training = page.getByRole("listitem").filter({ hasText: "training" });
    await training.getByRole("button", { name: "Pause…" }).click();
    await page.getByLabel("Why").fill("the workspace is being moved");
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();

    await training.getByText("the workspace is being moved").waitFor();
    await training.getByRole("button", { name: "Resume…" }).waitFor();
    await expectClean(watched);
  });
});

describe("the frame", () => {
  it("goes by keys, says what there is not, and keeps what was chosen", async () => {
    const watched = await see("nowhere");
    const { page } = watched;
    await page.getByText("There is no such page").waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByText("leave a dialog").waitFor();
    await page.keyboard.press("Escape");

    await page.getByRole("button", { name: "system theme" }).click();
    await page.getByRole("button", { name: "light theme" }).click();
    await page.reload();
    await page.getByRole("button", { name: "dark theme" }).waitFor();
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(18, 19, 21)");
    await expectClean(watched);
  });

  it("says so when the app does not answer, keeps what it had, and goes on when it does", async () => {
    const { page } = await see("runs");
    await page.getByRole("row").nth(1).waitFor();
    await page.route("**/api/v1/**", (route) => route.abort("connectionrefused"));
    await page.getByRole("button", { name: /as of/ }).click();

    await page.getByRole("alert").getByText("The app did not answer.").waitFor();
    expect(await page.getByRole("row").count()).toBeGreaterThan(5);
    await page.unroute("**/api/v1/**");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("alert").waitFor({ state: "detached" });
  });
});
