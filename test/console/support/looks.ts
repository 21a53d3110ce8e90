import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../../../local/paths";
import type { Look, Page } from "./browser";
import type { Month } from "./month";

/** `CONSOLE_SCREENSHOTS=1` takes the pictures of docs/console anew, in every look; else the pages are looked at in one. */
const isTaking = process.env["CONSOLE_SCREENSHOTS"] === "1";
const FOLDER = join(REPO_ROOT, "docs", "console");

const WIDE = { width: 1280, height: 860 };
const NARROW = { width: 390, height: 844 };
const LOOKS: Readonly<Record<string, Look>> = {
  "dark-wide": { ...WIDE, scheme: "dark" },
  "light-wide": { ...WIDE, scheme: "light" },
  "light-narrow": { ...NARROW, scheme: "light" },
  "dark-narrow": { ...NARROW, scheme: "dark" },
};

/** What is looked at: name of the picture, place, and a heading that is there when the page is. */
export const SIGHTS: readonly (readonly [name: string, place: (month: Month) => string, heading: RegExp])[] = [
  ["overview", () => "", /last .* runs of scoring/],
  ["runs", () => "runs", /^Runs$/],
  ["run", ({ retried }) => `runs/${retried}`, /^Timeline$/],
  ["run-failed", ({ failed }) => `runs/${failed}`, /^Timeline$/],
  ["drops", () => "drops?state=pending", /^Drops$/],
  ["drop", ({ telemetry }) => `drops?path=${encodeURIComponent(telemetry)}`, /^Versions/],
  ["quarantine", ({ setAside }) => `quarantine/${setAside}`, /2 rows of telemetry/],
  ["risk", () => "risk", /^Most likely to fail/],
  ["machine", () => "risk/17?within=48h", /^Chance to fail within 48 h/],
  ["models", () => "models", /^Features that moved/],
  ["backfill", () => "backfill?from=2026-11-01&to=2026-11-08", /^Backfills/],
  ["health", () => "health", /^Checks of version/],
];

export const looks: readonly (readonly [name: string, look: Look])[] = isTaking
  ? Object.entries(LOOKS)
  : Object.entries(LOOKS).slice(0, 1);

/** In the dark on a phone these few are kept: they stand for the others. */
const FOR_ALL = ["overview", "run"];

/** Keeps the picture when pictures are taken. */
export async function takePicture(page: Page, name: string, look: string): Promise<void> {
  if (!isTaking || (look === "dark-narrow" && !FOR_ALL.includes(name))) return;
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name}-${look}.png`), animations: "disabled" });
}
