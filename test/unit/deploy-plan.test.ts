import { cpSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { readBundle } from "../../local/databricks/server/bundle";
import { compare, leavesOf, WORKED_OUT } from "../../local/deploy/plan/changes";
import { deployedState, type Tool } from "../../local/deploy/plan/deployed";
import { makePlan, writePlan } from "../../local/deploy/plan/plan";
import { definitionText, wantedState } from "../../local/deploy/plan/wanted";
import { REPO_ROOT } from "../../local/paths";
import { loadDefinitions } from "../../src/definitions-folder";
import { withRunsPer } from "../../src/domain/shared-job";

const HOOKS = { app_client_id: "app", instance_pool_id: "pool", notification_destination_id: "destination", batches_url: "b", results_url: "r", catalog: "batchkeeper", schema: "batchkeeper" }; // prettier-ignore

/** A deployment of this very checkout, as the tools and the app's API tell of it. */
class Deployment {
  readonly settings: Record<string, string> = { AzureWebJobsStorage__credential: "managedidentity" };
  readonly jobs = structuredClone([...readBundle(REPO_ROOT, { target: "prod", variables: HOOKS }).jobs.values()]) as Record<string, unknown>[]; // prettier-ignore
  readonly pipelines = [...loadDefinitions(join(REPO_ROOT, "pipelines")).values()].map(
    ({ name, schedule = null, timeZone, concurrencyGroup, steps }) => ({ name, schedule, timeZone, concurrencyGroup, steps: structuredClone(steps) }), // prettier-ignore
  );
  runs: { id: string; pipeline: string; state: string }[] = [];
  changeNotebooks: (folder: string) => void = () => undefined;
  readonly calls: string[] = [];

  readonly tool: Tool = (name, args) => {
    this.calls.push([name, ...args].join(" "));
    const [first, second] = args;
    if (name === "az") return second === "keys" ? "key\n" : JSON.stringify(Object.entries(this.settings).map(([key, value]) => ({ name: key, value }))); // prettier-ignore
    if (first === "workspace") {
      cpSync(join(REPO_ROOT, "notebooks"), String(args[3]), { recursive: true });
      this.changeNotebooks(String(args[3]));
      return "";
    }
    const listed = this.jobs.map((settings, index) => ({ job_id: index, settings }));
    return JSON.stringify(second === "get" ? listed[Number(args[2])] : listed);
  };

  serve(): Server {
    return createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://x");
      if (request.headers["x-functions-key"] !== "key") return response.writeHead(401).end();
      const open = this.runs.filter(({ state }) => state === searchParams.get("state"));
      return response.end(JSON.stringify({ value: pathname.endsWith("runs") ? open : this.pipelines }));
    });
  }
}

describe("batchkeeper deploy plan", () => {
  const wanted = wantedState(REPO_ROOT, "prod", {});
  let deployment: Deployment;
  let server: Server;

  beforeEach(async () => {
    deployment = new Deployment();
    for (const [name, value] of wanted.settings) deployment.settings[name] = value === WORKED_OUT ? `made-${name}` : value; // prettier-ignore
    server = deployment.serve();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const plan = async () => {
    const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const jobNames = [...new Set([...wanted.jobs.keys()].map((name) => name.split(": ")[0] ?? ""))];
    const place = { group: "rg", app: "func", api, files: "/Workspace/x/files", jobNames };
    const { state, runs } = await deployedState(place, deployment.tool);
    return makePlan(wanted, state, runs);
  };

  it("says that nothing changes when this checkout is deployed", async () => {
    const made = await plan();

    expect(made.changes).toEqual([]);
    expect(writePlan(made)).toBe("nothing changes, 0 open runs");
    expect(deployment.calls.filter((call) => !/ (list|get|export-dir) /.test(call))).toEqual([]);
  });

  it("names each setting, definition, job and notebook that changes, and the open runs", async () => {
    deployment.settings["LEDGER_TABLE_PREFIX"] = "other";
    deployment.settings["OLD_SETTING"] = "x";
    delete deployment.settings["DATA_STORAGE__credential"];
    Object.assign(deployment.pipelines.find(({ name }) => name === "scoring") ?? {}, { schedule: "0 0 1 * * *" });
    const [job] = deployment.jobs.filter(({ name }) => name === "batchkeeper-scoring");
    Object.assign(job ?? {}, { timeout_seconds: 60, max_concurrent_runs: 4, format: "MULTI_TASK" });
    deployment.jobs.splice(deployment.jobs.findIndex(({ name }) => name === "batchkeeper-monitoring"), 1); // prettier-ignore
    deployment.changeNotebooks = (folder) => {
      writeFileSync(join(folder, "scoring.py"), "# other");
      rmSync(join(folder, "features.py"));
    };
    deployment.runs = [{ id: "scoring-1", pipeline: "scoring", state: "running" }];
    const made = await plan();

    expect(made.changes.map(({ part, kind, name }) => `${kind} ${part} ${name}`)).toEqual([
      "add setting DATA_STORAGE__credential",
      "change setting LEDGER_TABLE_PREFIX",
      "remove setting OLD_SETTING",
      "change definition scoring",
      "add job batchkeeper-monitoring",
      "change job batchkeeper-scoring: timeout_seconds",
      "add notebook features.py",
      "change notebook scoring.py",
    ]);
    expect(writePlan(made)).toContain("~ setting    LEDGER_TABLE_PREFIX  other -> batchkeeper");
    expect(writePlan(made)).toContain("! run        scoring-1 of scoring is running");
    expect(writePlan(made)).toContain("8 changes, 1 open runs");
  });

  it("fails with the path when the app does not answer as asked", async () => {
    const refuse: Tool = (name, args) => (args[1] === "keys" ? "wrong" : deployment.tool(name, args));
    const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    await expect(deployedState({ group: "", app: "", api, files: "", jobNames: [] }, refuse)).rejects.toThrow(
      "/api/v1/pipelines of the app is answered with 401",
    );
  });
});

it("secrets are never shown", () => {
  const change = compare("setting", new Map([["A_PASSWORD", "new"], ["B", "@Microsoft.KeyVault(x)"]]), new Map([["A_PASSWORD", "old"], ["B", "c"]])); // prettier-ignore

  expect(JSON.stringify(change)).not.toMatch(/old|new|KeyVault/);
});

it("leaves of a value are named by keys and names", () => {
  expect(leavesOf({ a: [{ task_key: "x", n: 1 }, 2], b: { c: true } })).toEqual([
    ["a[x].task_key", "x"],
    ["a[x].n", "1"],
    ["a[1]", "2"],
    ["b.c", "true"],
  ]);
});

describe("what a deployment on other compute would set", () => {
  const named = (compute: string, part: string) =>
    [
      ...wantedState(REPO_ROOT, "prod", { DATABRICKS_COMPUTE: compute, DATABRICKS_CLUSTER_ID: "0101-cluster" }).jobs,
    ].filter(([path]) => path.includes(part));

  it("has the steps of a pipeline in its shared job, as the app then shows it", () => {
    const { definitions } = wantedState(REPO_ROOT, "prod", { DATABRICKS_COMPUTE: "shared" });
    const shown = withRunsPer("pipeline", loadDefinitions(join(REPO_ROOT, "pipelines")));

    for (const [name, definition] of shown) expect(definitions.get(name)).toBe(definitionText(definition));
    expect(named("shared", "batchkeeper-scoring-run: tasks").length).toBeGreaterThan(3);
    expect(named("pool", "batchkeeper-scoring-run")).toEqual([]);
  });

  it("has the cluster that is there, and none on serverless", () => {
    expect(named("existing", "existing_cluster_id").map(([, id]) => id)).toContain("0101-cluster");
    expect(named("pool", "instance_pool_id")).not.toEqual([]);
    for (const compute of ["existing", "serverless"]) expect(named(compute, "instance_pool_id")).toEqual([]);
  });
});
