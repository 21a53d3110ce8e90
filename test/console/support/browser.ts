import { readFileSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchChromium } from "../../../local/chromium";

export type { Page } from "playwright-core";

export interface Look {
  readonly scheme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
  /** Sent with every request, as a gateway before the app would. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const PHONE: Look = { width: 390, height: 844, scheme: "dark" };

/** What a page must not do, gathered while it is open. */
export interface Watched {
  readonly page: Page;
  /** Errors and warnings on the console, uncaught errors, refused or foreign requests. */
  readonly faults: string[];
  /** Addresses asked for, in order. */
  readonly requests: string[];
}

/** One real browser for all tests of a file. */
export function useBrowser(): { open: (url: string, look?: Look) => Promise<Watched> } {
  let browser: Browser | undefined;
  let context: BrowserContext | undefined;
  beforeAll(async () => {
    browser = await launchChromium();
  }, 60_000);
  afterEach(async () => context?.close());
  afterAll(async () => browser?.close());
  return {
    async open(url, { scheme = "light", width = 1440, height = 900, headers = {} } = {}) {
      await context?.close();
      context = await browser?.newContext({
        colorScheme: scheme,
        viewport: { width, height },
        extraHTTPHeaders: headers,
        reducedMotion: "reduce",
        timezoneId: "Europe/Berlin",
        locale: "en-GB",
      });
      if (!context) throw new Error("the browser is there from beforeAll on");
      const watched = watch(await context.newPage(), new URL(url).origin);
      await watched.page.goto(url);
      return watched;
    },
  };
}

function watch(page: Page, origin: string): Watched {
  const faults: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    const isFault = message.type() === "error" || message.type() === "warning";
    if (isFault) faults.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => faults.push(`uncaught: ${error.message}`));
  page.on("request", (request) => {
    requests.push(request.url());
    if (new URL(request.url()).origin !== origin) faults.push(`request outside: ${request.url()}`);
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "";
    if (reason !== "net::ERR_ABORTED") faults.push(`request failed: ${request.url()} ${reason}`);
  });
  page.setDefaultTimeout(15_000);
  return { page, faults, requests };
}

const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe-core finds against WCAG 2.2 AA and its best practices, as text; empty when all is well. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const result = await page.evaluate<AxeResult>("axe.run({ resultTypes: ['violations'] })");
  return result.violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ""}`),
  );
}

/** Nothing on the console, nothing from outside, nothing that axe-core finds, nothing wider than the window. */
export async function expectClean({ page, faults }: Watched): Promise<void> {
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  expect(faults).toEqual([]);
}
