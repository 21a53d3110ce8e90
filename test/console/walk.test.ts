import { useBrowser } from "./support/browser";
import { useConsoleApp } from "./support/app";
import { writeMonth } from "./support/month";
import { chance, step } from "./support/walker";

/**
 * Somebody who presses whatever is there, for a while: nothing on the browser's console, no uncaught error, no request that leaves the
 * app, no answer of 5xx, no empty page. `CONSOLE_WALK_SECONDS=600` walks longer, `CONSOLE_WALK_SEED` repeats a walk.
 */

const SECONDS = Number(process.env["CONSOLE_WALK_SECONDS"] ?? 12);
const SEED = Number(process.env["CONSOLE_WALK_SEED"] ?? Date.now() % 100_000);
/** Chromium tells on the console of every answer of 4xx, which a page shows as it should. */
const EXPECTED = /status of 4\d\d/;
const LAST = 25;

const app = useConsoleApp(async (filled) => void (await writeMonth(filled, { nights: 14 })));
const browser = useBrowser();

it(
  "a walk by chance finds no error",
  async () => {
    const random = chance(SEED + 1);
    const { page, faults } = await browser.open(`${app.url}/console/`);
    page.on("response", (response) => {
      if (response.status() >= 500 && !response.url().endsWith("/health"))
        faults.push(`${response.status()} ${response.url()}`);
    });
    const taken: string[] = [];
    const told = () => `seed ${SEED}, at ${page.url()}, after:\n${taken.slice(-LAST).join("\n")}`;
    for (const until = Date.now() + SECONDS * 1000; Date.now() < until;) {
      taken.push(await step(page, random));
      // The walker may follow a link out of the console, as to the API's own description.
      if (!page.url().startsWith(`${app.url}/console`)) await page.goto(`${app.url}/console/`);
      const found = faults.filter((fault) => !EXPECTED.test(fault));
      if (found.length > 0) throw new Error(`${found.join("\n")}\n${told()}`);
      if ((await page.locator("h1, .empty, [role=status], [role=alert]").count()) === 0)
        throw new Error(`an empty page; ${told()}`);
    }
    console.log(`${taken.length} steps in ${SECONDS} s, seed ${SEED}`);
  },
  SECONDS * 1000 + 60_000,
);
