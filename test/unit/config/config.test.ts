import { TOPICS } from "../../../src/domain/notification/topics";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../../../local/paths";
import { appVersion } from "../../../src/config/app-version";
import { loadConfig, type Environment } from "../../../src/config/config";
import { createStorageClients } from "../../../src/config/storage-clients";
import { ConfigError } from "../../../src/errors";

const minimal = {
  DEPLOYMENT_ID: "test-1",
  TASK_HUB: "test1",
  DATA_STORAGE: "UseDevelopmentStorage=true",
  DATABRICKS_HOST: "https://adb-1.2.azuredatabricks.net/",
  DATABRICKS_AUTH: "token",
  DATABRICKS_TOKEN: "dapi-canary",
  DATABRICKS_CATALOG: "main",
  DATABRICKS_SCHEMA: "pdm",
  DATABRICKS_VOLUME_ROOT: "/Volumes/main/pdm/",
};
const loaded = (over: Environment = {}) => loadConfig({ ...minimal, ...over });
const problems = (env: Environment): Readonly<Record<string, string>> => {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError)
      return Object.fromEntries(error.problems.map(({ where, message }) => [where, message]));
    throw error;
  }
  return {};
};

describe("loadConfig", () => {
  it("fills in defaults and groups the settings", () => {
    expect(loaded()).toEqual({
      deploymentId: "test-1",
      storage: { kind: "connectionString", connectionString: "UseDevelopmentStorage=true" },
      containers: { batches: "batches", results: "results" },
      ledgerTablePrefix: "batchkeeper",
      mcpTools: "read",
      apiAuth: "keys",
      databricks: {
        host: "https://adb-1.2.azuredatabricks.net",
        auth: { kind: "token", token: "dapi-canary" },
        catalog: "main",
        schema: "pdm",
        volumeRoot: "/Volumes/main/pdm",
        jobNamePrefix: "",
        runsPer: "step",
        requestsPerSecond: 10,
      },
      notifications: { format: "json", topics: [...TOPICS] },
    });
  });

  it("takes the headers of the OTLP endpoint apart, and refuses what are none without telling them", () => {
    const settings = { ...minimal, OTLP_ENDPOINT: "https://collector:4318", OTLP_HEADERS: "Api-Key=a=b, x-scope = 1" };

    expect(loadConfig(settings).notifications.otlp).toEqual({
      url: "https://collector:4318",
      headers: { "api-key": "a=b", "x-scope": "1" },
    });
    const { OTLP_HEADERS: told } = problems({ ...settings, OTLP_HEADERS: "secret words" });
    expect(told).toContain("headers for OTLP_ENDPOINT");
    expect(told).not.toContain("secret words");
  });

  it("reads every optional setting", () => {
    const config = loaded({
      ...{
        BATCHES_CONTAINER: "frozen-1",
        RESULTS_CONTAINER: "out",
        LEDGER_TABLE_PREFIX: "bk",
        REQUESTS_PER_SECOND: "2.5",
      },
      ...{
        DATABRICKS_JOB_NAME_PREFIX: "[dev me] ",
        NOTIFICATION_WEBHOOK_URL: "https://hooks.example/x",
      },
      ...{ DATABRICKS_WEBHOOK_USER: "dbx", DATABRICKS_WEBHOOK_PASSWORD: "0123456789ab" },
    });

    expect(config).toMatchObject({
      containers: { batches: "frozen-1" },
      ledgerTablePrefix: "bk",
      databricks: {
        jobNamePrefix: "[dev me] ",
        requestsPerSecond: 2.5,
        webhook: { user: "dbx", password: "0123456789ab" },
      },
      notifications: expect.objectContaining({ webhookUrl: "https://hooks.example/x", format: "json" }),
    });
  });

  it.each<[string, Environment, object]>([
    ["managed identity", { DATABRICKS_AUTH: "managedIdentity" }, { kind: "managedIdentity" }],
    [
      "user-assigned identity",
      { DATABRICKS_AUTH: "managedIdentity", DATABRICKS_AZURE_CLIENT_ID: "id" },
      { kind: "managedIdentity", clientId: "id" },
    ],
    ["default credential", { DATABRICKS_AUTH: "default" }, { kind: "default" }],
    [
      "OAuth M2M",
      { DATABRICKS_AUTH: "oauthM2M", DATABRICKS_CLIENT_ID: "id", DATABRICKS_CLIENT_SECRET: "s" },
      { kind: "oauthM2M", clientId: "id", clientSecret: "s" },
    ],
  ])("knows %s", (_name, over, auth) => {
    expect(loaded({ DATABRICKS_TOKEN: "", ...over }).databricks.auth).toEqual(auth);
  });

  it("reads storage by identity", () => {
    const uris = {
      DATA_STORAGE: undefined,
      DATA_STORAGE__blobServiceUri: "https://a.blob.core.windows.net",
      DATA_STORAGE__tableServiceUri: "https://a.table.core.windows.net",
      DATA_STORAGE__queueServiceUri: "https://a.queue.core.windows.net",
    };

    expect(loaded(uris).storage).toMatchObject({ kind: "identity", credential: "default" });
    expect(
      loaded({ ...uris, DATA_STORAGE__credential: "managedidentity", DATA_STORAGE__clientId: "id" }).storage,
    ).toEqual({
      kind: "identity",
      blobServiceUri: "https://a.blob.core.windows.net",
      tableServiceUri: "https://a.table.core.windows.net",
      queueServiceUri: "https://a.queue.core.windows.net",
      credential: "managedIdentity",
      clientId: "id",
    });
    expect(problems({ ...minimal, ...uris, DATA_STORAGE__queueServiceUri: undefined })).toEqual({
      DATA_STORAGE__queueServiceUri: expect.stringContaining("is missing"),
    });
  });

  it("refuses an account key on Flex Consumption, where it would leave the app without blob events", () => {
    expect(problems({ ...minimal, WEBSITE_SKU: "FlexConsumption" })).toEqual({
      DATA_STORAGE: expect.stringContaining("Flex Consumption needs an identity"),
    });
  });

  it("lists every missing setting at once, each with what is expected", () => {
    const found = problems({});

    expect(Object.keys(found).sort()).toEqual([
      ...["DATABRICKS_AUTH", "DATABRICKS_CATALOG", "DATABRICKS_HOST", "DATABRICKS_SCHEMA", "DATABRICKS_VOLUME_ROOT"],
      ...["DATA_STORAGE", "DEPLOYMENT_ID", "TASK_HUB"],
    ]);
    for (const message of Object.values(found)) expect(message).toMatch(/^is missing[.:] .*[Ss]et /);
    expect(found["DATABRICKS_AUTH"]).toContain("token, managedIdentity, default or oauthM2M");
  });

  it("lists faults of all groups together and shows no value", () => {
    const env = {
      ...minimal,
      ...{
        DEPLOYMENT_ID: "canary Upper",
        DATA_STORAGE: "canary-key",
        DATABRICKS_AUTH: "canary",
        BATCHES_CONTAINER: "canary_X",
        REQUESTS_PER_SECOND: "0",
      },
      ...{
        LEDGER_TABLE_PREFIX: "1canary",
        NOTIFICATION_WEBHOOK_URL: "ftp://canary",
        DATABRICKS_WEBHOOK_USER: "dbx",
        DATABRICKS_WEBHOOK_PASSWORD: "canary",
      },
    };
    const found = problems(env);

    expect(Object.keys(found).sort()).toEqual([
      ...[
        "BATCHES_CONTAINER",
        "DATABRICKS_AUTH",
        "DATABRICKS_WEBHOOK_PASSWORD",
        "DATA_STORAGE",
        "DEPLOYMENT_ID",
        "LEDGER_TABLE_PREFIX",
      ],
      ...["NOTIFICATION_WEBHOOK_URL", "REQUESTS_PER_SECOND"],
    ]);
    expect(JSON.stringify(found)).not.toContain("canary");
  });

  it.each([
    ["DATABRICKS_TOKEN", { ...minimal, DATABRICKS_TOKEN: " " }],
    ["DATABRICKS_CLIENT_SECRET", { ...minimal, DATABRICKS_AUTH: "oauthM2M", DATABRICKS_CLIENT_ID: "x" }],
    ["DATABRICKS_WEBHOOK_PASSWORD", { ...minimal, DATABRICKS_WEBHOOK_USER: "x" }],
    ["DATABRICKS_WEBHOOK_USER", { ...minimal, DATABRICKS_WEBHOOK_PASSWORD: "0123456789ab" }],
    [
      "DATA_STORAGE__tableServiceUri",
      {
        ...minimal,
        DATA_STORAGE: "",
        DATA_STORAGE__blobServiceUri: "https://a.blob.core.windows.net",
        DATA_STORAGE__queueServiceUri: "https://a.queue.core.windows.net",
      },
    ],
  ])("names %s alone when only it is missing", (name, env) => {
    expect(Object.entries(problems(env))).toEqual([[name, expect.stringMatching(/^is missing/)]]);
  });

  it.each([
    ["adb-1.2.azuredatabricks.net", "https://adb-1.2.azuredatabricks.net"],
    ["http://127.0.0.1:8790", "http://127.0.0.1:8790"],
    ["http://localhost:8790/", "http://localhost:8790"],
  ])("takes the host %s", (given, host) => {
    expect(loaded({ DATABRICKS_HOST: given }).databricks.host).toBe(host);
  });

  it.each([
    "http://adb-1.2.azuredatabricks.net",
    "https://host/path",
    "https://user:pw@host",
    "ftp://host",
    "https://",
    "https://host?o=1",
  ])("refuses the host %s", (host) => {
    expect(problems({ ...minimal, DATABRICKS_HOST: host })).toHaveProperty("DATABRICKS_HOST");
  });

  it.each<[string, Environment]>([
    ["DATA_STORAGE", {}],
    ["DATABRICKS_TOKEN", {}],
    ["DATABRICKS_CLIENT_SECRET", { DATABRICKS_AUTH: "oauthM2M", DATABRICKS_CLIENT_ID: "x" }],
    ["DATABRICKS_WEBHOOK_PASSWORD", { DATABRICKS_WEBHOOK_USER: "x" }],
    ["OPENLINEAGE_API_KEY", {}],
  ])("refuses a reference to a Key Vault in place of the secret %s", (name, over) => {
    const reference = "@Microsoft.KeyVault(SecretUri=https://kv-x.vault.azure.net/secrets/canary)";
    const load = () => loadConfig({ ...minimal, ...over, [name]: reference });

    expect(load).toThrow(`${name}: is a Key Vault reference that was not resolved`);
    expect(load).not.toThrow("canary");
  });

  it("refuses one container for two purposes", () => {
    expect(problems({ ...minimal, BATCHES_CONTAINER: "results" })).toEqual({
      RESULTS_CONTAINER: "is results, and so is BATCHES_CONTAINER: the two must differ",
    });
  });

  it("believes who signed in only where the platform checks it", () => {
    const easyAuth = { ...minimal, API_AUTH: "easyAuth" };

    expect(problems(easyAuth)).toEqual({ API_AUTH: expect.stringContaining("App Service Authentication is off") });
    expect(loadConfig({ ...easyAuth, WEBSITE_AUTH_ENABLED: "True" }).apiAuth).toBe("easyAuth");
    expect(problems({ ...minimal, API_AUTH: "none" })).toHaveProperty("API_AUTH");
  });

  it("has a message that a person can act on", () => {
    expect(() => loadConfig({ ...minimal, DEPLOYMENT_ID: undefined })).toThrow(
      /^1 configuration fault:\n {2}DEPLOYMENT_ID: is missing: expected a name that no other deployment .*local\.settings\.json\.$/,
    );
  });
});

describe("local.settings.sample.json", () => {
  const { Values: values } = JSON.parse(readFileSync(join(REPO_ROOT, "local.settings.sample.json"), "utf8")) as {
    Values: Environment;
  };

  it("is a configuration that loads, and names every setting that has no default", () => {
    expect(loadConfig(values).databricks.auth.kind).toBe("token");
    for (const name of Object.keys(minimal)) expect(values).toHaveProperty(name);
  });
});

describe("createStorageClients", () => {
  it("builds clients for a connection string and for an identity without a call", () => {
    const local = createStorageClients({ kind: "connectionString", connectionString: "UseDevelopmentStorage=true" });
    const blobServiceUri = "https://a.blob.core.windows.net";
    const tableServiceUri = "https://a.table.core.windows.net";
    const cloud = createStorageClients({
      kind: "identity",
      blobServiceUri,
      tableServiceUri,
      queueServiceUri: "https://a.queue.core.windows.net",
      credential: "managedIdentity",
      clientId: "x",
    });

    expect(local.table("runs").url).toContain("127.0.0.1:10002");
    expect(cloud.table("runs").url).toContain("a.table.core.windows.net");
    expect(cloud.blobService.url).toContain("a.blob.core.windows.net");
  });
});

describe("appVersion", () => {
  it("finds the package above a folder", () => {
    expect(appVersion(__dirname)).toMatch(/^\d+\.\d+\.\d+/);
    expect(appVersion(join("/", "nowhere"))).toBe("0.0.0");
  });
});
