import { accessibilityFaults, useBrowser } from "./support/browser";
import { useConsoleApp } from "./support/app";
import { writeMonth, type Month } from "./support/month";

/** What each role sees, as App Service Authentication tells it to the app. */

jest.setTimeout(60_000);

let month: Month;
const app = useConsoleApp(
  async (filled) => {
    month = await writeMonth(filled, { nights: 14 });
  },
  { settings: { API_AUTH: "easyAuth", WEBSITE_AUTH_ENABLED: "True" } },
);
const browser = useBrowser();

/** The header that the platform sets for who has signed in. */
function signedIn(role: string): Record<string, string> {
  const claims = [
    { typ: "roles", val: role },
    { typ: "name", val: `a ${role}` },
  ];
  return { "x-ms-client-principal": Buffer.from(JSON.stringify({ claims })).toString("base64") };
}

const see = (path: string, headers: Record<string, string>) => browser.open(`${app.url}/console/${path}`, { headers });

describe("a reader", () => {
  it("sees all and is offered nothing that he may not do", async () => {
    const { page, faults } = await see(`runs/${month.failed}`, signedIn("reader"));
    await page.getByRole("heading", { name: "Timeline" }).waitFor();

    expect(await page.getByRole("button", { name: /Retry|Run again/ }).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it("is refused by the app, whatever a page offers", async () => {
    const { page } = await see(`runs/${month.failed}`, signedIn("reader"));
    const address = `${app.url}/api/v1/runs/${month.failed}/retry`;

    const status = await page.evaluate(
      `fetch(${JSON.stringify(address)}, { method: "POST" }).then((one) => one.status)`,
    );

    expect(status).toBe(403);
  });
});

describe("an operator", () => {
  it("may retry", async () => {
    const { page } = await see(`runs/${month.failed}`, signedIn("operator"));
    await page.getByRole("button", { name: "Retry from features" }).waitFor();
  });
});

describe("whoever is not signed in", () => {
  it("sees no data, and where to sign in", async () => {
    const { page } = await see("runs", {});
    await page.getByRole("link", { name: "Sign in" }).waitFor();

    expect(await page.getByRole("row").count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it("without a role is told which he needs", async () => {
    const { page } = await see("runs", signedIn("guest"));
    await page.getByText("Your role may not see this").waitFor();
    expect(await page.getByText(/for the role reader/).count()).toBe(1);
  });
});
