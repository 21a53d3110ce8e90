import { accessibilityFaults, useBrowser, type Watched } from "./support/browser";
import { useConsoleApp } from "./support/app";
import { writeMonth } from "./support/month";

/** The pages in a real Chromium on the app in the embedded host, over a month of the ledger. */

jest.setTimeout(60_000);

const app = useConsoleApp(async (filled) => {
  await writeMonth(filled);
});
const browser = useBrowser();

const see = (path: string) => browser.open(`${app.url}/console/${path}`);

/** Nothing on the console, nothing from outside, nothing that axe-core finds. */
async function expectClean({ page, faults }: Watched): Promise<void> {
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(faults).toEqual([]);
}

describe("the overview", () => {
  it("says what runs, what waits and what needs a person", async () => {
    const watched = await see("");
    const { page } = watched;
    await page.getByRole("heading", { level: 1, name: "A run is on its way" }).waitFor();

    expect(await page.getByText("scoring: features, step 2 of 3").count()).toBe(1);
    expect(await page.getByRole("listitem").filter({ hasText: "scoring stopped in features" }).innerText()).toContain(
      "KeyError: 'vibration'",
    );
    expect(await page.getByRole("link", { name: /failed.*in features/ }).count()).toBe(1);
    await expectClean(watched);
  });
});
