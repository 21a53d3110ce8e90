import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/config";
import { authSettings, generalSettings, storageSettings, webhookSettings } from "../../../src/config/settings";
import { keysOf, parseAll, property, readSources, textOf } from "../../../local/deploy/bicep/template";
import { OPERATIONS } from "../../../src/api/registry/operations";
import { tableBelow } from "../../support/markdown-table";

const ROOT = join(__dirname, "..", "..", "..");
const hostJson = readFileSync(join(ROOT, "host.json"), "utf8");
const deployPage = readFileSync(join(ROOT, "docs", "deploy.md"), "utf8");

const files = parseAll(readSources(join(ROOT, "infra")));
const declared = (file: string, name: string) => files.get(file)?.find((item) => item.name === name)?.value;
const appSettings = property(property(declared("main.bicep", "app"), "params"), "settings");
const hostSettings = keysOf(declared("app/function-app.bicep", "hostSettings"));
const schedulerSettings = keysOf(declared("app/function-app.bicep", "schedulerSettings"));

/** What the app reads: the schemas of src/config, the placeholders of host.json and the connection that it names. */
function settingsRead(): string[] {
  const schemas = [generalSettings, webhookSettings, storageSettings, ...authSettings.options];
  const placeholders = [...hostJson.matchAll(/%(\w+)%/g)].map(([, name]) => name ?? "");
  return [...new Set([...schemas.flatMap((schema) => Object.keys(schema.shape)), ...placeholders])].sort();
}

describe("the settings that infra/ gives the function app", () => {
  const given = keysOf(appSettings);
  const left = tableBelow(deployPage, "### Settings that Azure does not get").map(([name]) => name ?? "");

  it("are all that the app reads, but for those that docs/deploy.md leaves out with a reason", () => {
    expect([...given, ...left].sort()).toEqual(settingsRead());
  });

  it("make a configuration that the app takes", () => {
    const sample = JSON.parse(readFileSync(join(ROOT, "local.settings.sample.json"), "utf8")) as {
      Values: Record<string, string>;
    };
    const url = "https://account.example";
    // Known only in Azure: what Bicep works out. Every literal is the file's own.
    const workedOut = (name: string) =>
      /(?:Uri|Url|URL|ENDPOINT)$/.test(name) ? url : (sample.Values[name] ?? "some-long-value");
    const environment = Object.fromEntries(
      given.map((name) => [name, textOf(property(appSettings, name)) ?? workedOut(name)]),
    );

    const config = loadConfig({ ...environment, WEBSITE_SKU: "FlexConsumption" });

    expect(config.storage).toMatchObject({ kind: "identity", credential: "managedIdentity" });
    expect(config.databricks).toMatchObject({ auth: { kind: "managedIdentity" }, webhook: { user: "databricks" } });
  });

  it("give the host its storage by identity, and nothing that the app would read", () => {
    const services = ["blob", "queue", "table"].map((name) => `AzureWebJobsStorage__${name}ServiceUri`);

    expect(hostSettings).toEqual(expect.arrayContaining([...services, "AzureWebJobsStorage__credential"]));
    expect([...hostSettings, ...schedulerSettings].filter((name) => settingsRead().includes(name))).toEqual([]);
  });

  it("override only what host.json has", () => {
    const overrides = schedulerSettings.filter((name) => name.startsWith("AzureFunctionsJobHost__"));
    const valueAt = (name: string) =>
      name.split("__").slice(1).reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], JSON.parse(hostJson)); // prettier-ignore

    expect(overrides).toHaveLength(2);
    for (const name of overrides) expect(valueAt(name)).toEqual(expect.any(String));
  });
});

describe("what is served outside the sign-in and the prefix", () => {
  const bicep = readFileSync(join(ROOT, "infra", "app", "function-app.bicep"), "utf8");
  const { extensions } = JSON.parse(hostJson) as { extensions: { http: { routePrefix: string } } };

  it("are the webhooks and what anyone may ask, which bring no sign-in", () => {
    const [, list = ""] = /excludedPaths: \[(.*)\]/.exec(bicep) ?? [];
    const open = OPERATIONS.filter(({ access }) => access === "anyone" || access === "webhook");

    expect([...list.matchAll(/'([^']+)'/g)].map(([, path]) => path).sort()).toEqual(
      ["/runtime/webhooks/blobs", ...open.map(({ http }) => `/api/${http.path}`)].sort(),
    );
  });

  it("is the console's address, in place of the host's own page", () => {
    const functions = readFileSync(join(ROOT, "src", "functions", "console.ts"), "utf8");

    expect(extensions.http.routePrefix).toBe("");
    expect(bicep).toContain("AzureWebJobsDisableHomepage: 'true'");
    expect(functions).toContain('route: "/",');
  });
});
