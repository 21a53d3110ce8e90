import { chromium, type Browser } from "playwright-core";

const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--font-render-hinting=none"];

/** A Chromium out of a package: nothing of the machine is needed. */
export async function launchChromium(): Promise<Browser> {
  const { default: packaged } = await import("@sparticuz/chromium");
  return chromium.launch({ executablePath: await packaged.executablePath(), args: ARGUMENTS, headless: true });
}
