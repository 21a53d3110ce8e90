import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { folderOfFakes, ROOT, runHook, type Call, type Changes, type State } from "../../support/hooks";

/** What is there after a whole run. */
const WEBHOOK = {
  url: "https://func-x.azurewebsites.net/api/databricks/webhook",
  username: "databricks",
  password: 'pass"word-of-16',
};
const NAME = "batchkeeper-stdatax";
const location = (container: string) => [`abfss://${container}@stdatax.dfs.core.windows.net/`, NAME];
const MADE: Record<string, object> = {
  postprovision: {
    "service-principals": { "service-principals-1": { applicationId: "client-x", displayName: NAME } },
    "storage-credentials": { [NAME]: expect.anything() },
    "external-locations": {
      [`${NAME}-batches`]: location("batches"),
      [`${NAME}-results`]: location("results"),
      [`${NAME}-tables`]: location("tables"),
    },
    catalogs: { cat: ["--storage-root", "abfss://tables@stdatax.dfs.core.windows.net/"] },
    "instance-pools": {
      "instance-pools-1": {
        instance_pool_name: NAME,
        min_idle_instances: 0,
        preloaded_spark_versions: ["18.x-scala2.13"],
      },
    },
    "notification-destinations": {
      "notification-destinations-1": { display_name: NAME, config: { generic_webhook: WEBHOOK } },
    },
    grants: { "catalog cat": { changes: [{ principal: "client-x", add: ["USE_CATALOG"] }] } },
    permissions: {
      "directories 42": {
        access_control_list: [{ service_principal_name: "client-x", permission_level: "CAN_READ" }],
      },
      "instance-pools instance-pools-1": {
        access_control_list: [{ service_principal_name: "client-x", permission_level: "CAN_ATTACH_TO" }],
      },
    },
    "rule-sets": {
      "accounts/account-x/servicePrincipals/client-x/ruleSets/default": {
        grant_rules: [
          { principals: ["users/me@example.com"], role: "roles/servicePrincipal.manager" },
          { principals: ["users/me@example.com"], role: "roles/servicePrincipal.user" },
        ],
      },
    },
    "registered-models": {
      "cat.sch.predictive_maintenance": { full_name: "cat.sch.predictive_maintenance", owner: "client-x" },
    },
    bundle: {
      prod: {
        BUNDLE_VAR_app_client_id: "client-x",
        BUNDLE_VAR_batches_url: location("batches")[0],
        BUNDLE_VAR_catalog: "cat",
        BUNDLE_VAR_existing_cluster_id: "",
        BUNDLE_VAR_instance_pool_id: "instance-pools-1",
        BUNDLE_VAR_notification_destination_id: "notification-destinations-1",
        BUNDLE_VAR_results_url: location("results")[0],
        BUNDLE_VAR_root_folder: "/Workspace/Users/me@example.com",
        BUNDLE_VAR_schema: "sch",
      },
    },
  },
  postdeploy: {
    events: {
      "batchkeeper-drops":
        "https://func-x.azurewebsites.net/runtime/webhooks/blobs?functionName=Host.Functions.dropReceived-drops&code=key-of-systemKeys.blobs_extension",
    },
    looks: 2,
    doctor: {
      args: ["--no-install", "batchkeeper", "doctor", "--probe", "--url", "https://func-x.azurewebsites.net"],
      key: "key-of-functionKeys.default",
    },
  },
};

describe.each(["postprovision", "postdeploy"])("the hook %s", (hook) => {
  let folder: string;
  beforeEach(() => {
    folder = folderOfFakes();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = (environment: Changes = {}) => runHook(hook, folder, environment);
  const state = () => JSON.parse(readFileSync(join(folder, "state.json"), "utf8")) as State;
  const calls = (): Call[] =>
    readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line) as Call); // prettier-ignore
  const forget = () => rmSync(join(folder, "calls"));
  const MAKES = /^(create|deploy)$/;
  const made = () => calls().filter(({ args }) => args.some((word) => MAKES.test(word))).map(({ args }) => args.slice(0, 2).join(" ")); // prettier-ignore

  it("makes everything in its first run", () => {
    expect(run()).toMatchObject({ status: 0, stderr: "" });
    expect(state()).toMatchObject(MADE[hook] ?? {});
  });

  it("makes nothing in its second run", () => {
    run();
    const before = state();
    forget();

    expect(run().status).toBe(0);
    expect(made()).toEqual(hook === "postprovision" ? ["bundle deploy"] : []);
    expect({ ...state(), keys: 0, looks: 0 }).toEqual({ ...before, keys: 0, looks: 0 });
  });

  it("goes on where it ended, whatever it was broken off at", () => {
    run();
    const whole = { ...state(), keys: 0, looks: 0 };
    rmSync(join(folder, "state.json"));
    let broken = 0;
    // Every call that makes something fails once: some are tried again in the same run, others end it with a word.
    for (let ended = run({ FAKE_FAIL_ONCE: "1" }); ended.status !== 0; ended = run({ FAKE_FAIL_ONCE: "1" })) {
      expect(ended.stderr).not.toBe("");
      if (++broken > 20) throw new Error(ended.stderr);
    }

    const { failed, ...rest } = state();
    expect(Object.keys(failed ?? {}).length).toBeGreaterThan(hook === "postprovision" ? 10 : 0);
    expect(broken).toBeGreaterThanOrEqual(hook === "postprovision" ? 4 : 0);
    expect({ ...rest, keys: 0, looks: 0 }).toEqual(whole);
  }, 120_000);

  it("refuses another tenant before anything is made", () => {
    const { status, stderr } = run({ FAKE_TENANT: "tenant-b" });

    expect(status).toBe(1);
    expect(stderr).toContain("az login --tenant tenant-a");
    expect(calls()).toHaveLength(1);
  });

  it("names every variable that is missing", () => {
    const missing =
      hook === "postprovision" ? ["APP_CLIENT_ID", "DATABRICKS_HOST"] : ["EVENT_GRID_TOPIC", "DATA_STORAGE_ID"];
    const { status, stderr } = run(Object.fromEntries(missing.map((name) => [name, undefined])));

    expect(status).toBe(1);
    for (const name of missing) expect(stderr).toContain(name);
    expect(existsSync(join(folder, "calls"))).toBe(false);
  });

  it("makes the same calls in PowerShell", () => {
    const script = (kind: string) =>
      ["lib", hook]
        .map((name) => readFileSync(join(ROOT, "infra/hooks", `${name}.${kind}`), "utf8"))
        .join("\n")
        .replace(/^\s*#.*$/gm, "");
    const distinct = (found: string[]) => [...new Set(found)].sort();
    // The words up to the first option or variable, such as `az keyvault secret show`.
    const COMMAND = /\b(?:az (?:account|keyvault|functionapp|eventgrid)|databricks)(?: [a-z][a-z-]+)+(?= )/g;
    const commands = (kind: string) => distinct([...script(kind).matchAll(COMMAND)].map(([text]) => text));
    const options = (kind: string) =>
      distinct([...script(kind).matchAll(/[ '](--[a-z-]+)\b/g)].map(([, name]) => name ?? "")).filter(
        (name) => !["--config", "--silent", "--show-error", "--fail-with-body"].includes(name),
      );

    expect(commands("sh").length).toBeGreaterThan(2);
    expect(commands("ps1")).toEqual(commands("sh"));
    expect(options("ps1")).toEqual(options("sh"));
  });
});

it("what may not be read is not taken for absent", () => {
  const folder = folderOfFakes();
  const { status, stderr } = runHook("postprovision", folder, { FAKE_REFUSE: "storage-credentials" });
  const calls = readFileSync(join(folder, "calls"), "utf8");
  rmSync(folder, { recursive: true });

  expect(status).toBe(1);
  expect(stderr).toContain("storage-credentials batchkeeper-stdatax cannot be read: Error: PERMISSION_DENIED");
  expect(calls).not.toContain('"storage-credentials","create"');
});

it("goes on when the rules of the service principal may not be read, and says what to ask for", () => {
  const folder = folderOfFakes();
  const { status, stdout } = runHook("postprovision", folder, { FAKE_REFUSE: "api" });
  rmSync(folder, { recursive: true });

  expect([status, stdout]).toEqual([0, expect.stringContaining("ask its manager for the role Service principal user")]);
});

it("in PowerShell the doctor's table is shown also when a check failed", () => {
  // What Invoke-Tool takes from the pipe of a failed command is lost.
  expect(readFileSync(join(ROOT, "infra/hooks/postdeploy.ps1"), "utf8")).toMatch(/ doctor --probe .*\| Out-Host \}/);
});

it("with sign-in, the doctor comes with a token of whoever deploys", () => {
  const folder = folderOfFakes();
  const { status } = runHook("postdeploy", folder, { AUTH_CLIENT_ID: "registration" });
  const { doctor } = JSON.parse(readFileSync(join(folder, "state.json"), "utf8")) as State;
  rmSync(folder, { recursive: true });

  expect(status).toBe(0);
  expect(doctor?.["token"]).toBe("token-of-api://registration");
  expect(doctor).not.toHaveProperty("key");
});

it("the model of target dev stays with whoever deploys, as its jobs run", () => {
  const folder = folderOfFakes();
  const { status } = runHook("postprovision", folder, { BUNDLE_TARGET: "dev" });
  const { "registered-models": models } = JSON.parse(readFileSync(join(folder, "state.json"), "utf8")) as State;
  rmSync(folder, { recursive: true });

  expect(status).toBe(0);
  expect(Object.values(models ?? {})).toMatchObject([{ owner: "whoever deploys" }]);
});
