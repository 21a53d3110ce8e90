import type { Locator, Page } from "playwright-core";

/** Numbers from 0 to below 1, the same for a seed. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

const KEYS = ["Tab", "Shift+Tab", "Enter", "Escape", "ArrowDown", "ArrowUp", "PageDown", "End", "/", "?", "g"];
const LETTERS = [..."ordqkmbh"];
/** Another text cannot be typed into such a field, and Chromium tells on its console of who tries. */
const FITTING: Readonly<Record<string, readonly string[]>> = {
  date: ["2026-11-01", "2026-11-30", "1999-02-28", ""],
  number: ["24", "1", "744", "0", "-3", "99999"],
};
const TEXTS = ["telemetry", "27", "", "%", "../x", "<b>", "é漢", "2026-11-30", "0", "a".repeat(200)];
/** Links to Databricks lead out of the console, and are left alone. */
const TARGETS = "a[href^='/'], button:not([disabled]), select, input, textarea, summary, [tabindex='0']";
/** A target may go while it is used: that is no fault of the page. */
const SHORT = { timeout: 1500 };

/** One thing that a person might do, chosen by chance; what it was, in words. */
export async function step(page: Page, random: () => number): Promise<string> {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const draw = random();
  if (draw < 0.2) {
    const key = random() < 0.4 ? pick(LETTERS) : pick(KEYS);
    await page.keyboard.press(key);
    return `key ${key}`;
  }
  if (draw < 0.28) {
    await (random() < 0.7 ? page.goBack(SHORT) : page.goForward(SHORT)).catch(() => null);
    return "back or forward";
  }
  if (draw < 0.32) {
    await page.mouse.wheel(0, Math.round((random() - 0.3) * 5000));
    return "wheel";
  }
  // An open dialog keeps all else from being used.
  const within = (await page.locator("dialog[open]").count()) > 0 ? page.locator("dialog[open]") : page.locator("body");
  const targets = within.locator(TARGETS);
  const count = await targets.count();
  if (count === 0) return "nothing to use";
  return use(targets.nth(Math.floor(random() * count)), pick);
}

async function use(target: Locator, pick: <T>(items: readonly T[]) => T): Promise<string> {
  const told = await target
    .evaluate((one) => `${one.tagName.toLowerCase()} "${(one.textContent || "").slice(0, 40)}"`, undefined, SHORT)
    .catch(() => "gone");
  const tag = told.split(" ", 1)[0];
  try {
    if (tag === "select") {
      const options = await target.locator("option").count();
      await target.selectOption({ index: pick([...Array(options).keys()]) }, SHORT);
    } else if (tag === "input" || tag === "textarea") {
      const type = (await target.getAttribute("type", SHORT)) ?? "text";
      await target.fill(pick(FITTING[type] ?? TEXTS), SHORT);
    } else await target.click(SHORT);
  } catch {
    return `${told}: not to be used`;
  }
  return told;
}
