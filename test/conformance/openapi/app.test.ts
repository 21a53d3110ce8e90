import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient } from "@azure/storage-blob";
import { startFunctionsHost, type FunctionsHostProcess } from "../../../local/functions-host/spawn";
import { REPO_ROOT } from "../../../local/paths";
import { healthSchema } from "../../../src/api/health/schemas";
import { problemSchema } from "../../../src/api/registry/common-schemas";
import { runPageSchema, runSchema } from "../../../src/api/runs/schemas";
import { startAzurite } from "../../support/azurite";
import type { Json } from "../../support/api-calls";
import { Bench } from "../../unit/databricks-server/harness";

/** The built app in the functions host, over HTTP: answers as described, and one clear error for each thing that is set up wrongly. */

jest.setTimeout(120_000);

const CANARY = "dapi-canary-0123";
const bench = new Bench();
const pipelines = mkdtempSync(join(tmpdir(), "bk-pipelines-"));
const hosts: { host: FunctionsHostProcess; stateDir: string }[] = [];
let storage: Awaited<ReturnType<typeof startAzurite>>;
let url: string;

const step = (name: string, job: string) => ({ name, job, timeoutSeconds: 60, parameters: {} });
const definition = (name: string, job: string) => ({
  ...{ name, description: name, concurrencyGroup: name, window: { rule: "watermark" } },
  steps: [step("work", job)],
});

/** Starts the app on a state, ledger and deployment of its own. */
async function startApp(name: string, settings: Record<string, string> = {}): Promise<string> {
  const stateDir = mkdtempSync(join(tmpdir(), "bk-app-"));
  const host = await startFunctionsHost({
    appDir: REPO_ROOT,
    stateDir,
    env: {
      ...{
        AzureWebJobsStorage: storage.connectionString,
        DATA_STORAGE: storage.connectionString,
        DEPLOYMENT_ID: name,
        TASK_HUB: "apitest",
        LEDGER_TABLE_PREFIX: name,
      },
      ...{
        DATABRICKS_HOST: bench.url,
        DATABRICKS_AUTH: "token",
        DATABRICKS_TOKEN: bench.token,
        DATABRICKS_CATALOG: "c",
        DATABRICKS_SCHEMA: "s",
      },
      ...{ DATABRICKS_VOLUME_ROOT: join(bench.stateDir, "volumes"), PIPELINES_DIR: pipelines },
      ...{ DATABRICKS_WEBHOOK_USER: "dbx", DATABRICKS_WEBHOOK_PASSWORD: "webhook-canary-1" },
      ...settings,
    },
  });
  hosts.push({ host, stateDir });
  return `${host.url}/api`;
}

async function call(method: string, address: string, init: { headers?: Record<string, string>; body?: unknown } = {}) {
  const response = await fetch(address, {
    method,
    headers: { "content-type": "application/json", ...init.headers },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text === "" ? {} : JSON.parse(text)) as Json };
}

/** Looks at a run until `accept` holds, as a caller would: by Location. */
async function untilRun(location: string, accept: (run: ReturnType<typeof runSchema.parse>) => boolean) {
  for (const deadline = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    const run = runSchema.parse((await call("GET", location)).body);
    if (accept(run)) return run;
    if (Date.now() > deadline) throw new Error(`not reached within 60 s; last: ${JSON.stringify(run)}`);
  }
}
const start = async (api: string, pipeline: string) => {
  const { status, headers } = await call("POST", `${api}/v1/pipelines/${pipeline}/runs`);
  expect(status).toBe(202);
  return headers.get("location") ?? "";
};

beforeAll(async () => {
  storage = await startAzurite();
  await bench.start();
  const blobs = BlobServiceClient.fromConnectionString(storage.connectionString);
  for (const name of ["drops", "batches", "results"]) await blobs.createContainer(name);
  mkdirSync(join(bench.stateDir, "volumes"), { recursive: true });
  await bench.job(["raise: ValueError: bad sensor"], { name: "job-raises" });
  await bench.job(["sleep: 60000"], { name: "job-sleeps" });
  for (const [name, job] of Object.entries({ raising: "job-raises", sleeping: "job-sleeps", jobless: "job-nowhere" })) {
    writeFileSync(join(pipelines, `${name}.json`), JSON.stringify(definition(name, job)));
  }
  url = await startApp("edge");
});
afterAll(async () => {
  for (const { host, stateDir } of hosts) {
    await host.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
  await bench.remove();
  await storage.stop();
  rmSync(pipelines, { recursive: true, force: true });
});

describe("the app on the functions host", () => {
  it("describes itself", async () => {
    const { status, body } = await call("GET", `${url}/openapi.json`);

    expect(status).toBe(200);
    expect(body["servers"]).toEqual([{ url }]);
  });

  it("records a notebook's error, with the run's page and the task's error, and lists the run", async () => {
    const run = await untilRun(await start(url, "raising"), ({ state }) => state === "failed");

    expect(run.error).toMatchObject({ step: "work", message: expect.stringContaining("ValueError: bad sensor") });
    expect(run.steps[0]?.generations).toMatchObject([
      { generation: 0, resultState: "FAILED", url: expect.stringContaining(bench.url) },
    ]);
    const page = runPageSchema.parse((await call("GET", `${url}/v1/runs?pipeline=raising&state=failed`)).body);
    expect(page.value.map(({ id }) => id)).toEqual([run.id]);
  });

  it("cancels the Databricks run, whatever the webhook was told, and retries with a new one", async () => {
    const location = await start(url, "sleeping");
    const running = await untilRun(location, ({ steps }) => steps[0]?.generations[0]?.lifeCycleState === "RUNNING");
    const first = running.steps[0]?.generations[0]?.databricksRunId;
    const authorization = `Basic ${Buffer.from("dbx:webhook-canary-1").toString("base64")}`;
    const notification = { event_type: "jobs.on_success", run: { run_id: Number(first) } };
    expect(
      (await call("POST", `${url}/databricks/webhook`, { headers: { authorization }, body: notification })).status,
    ).toBe(204);
    expect((await call("POST", `${url}/databricks/webhook`, { body: notification })).status).toBe(401);

    expect((await call("POST", `${location}/cancel`)).status).toBe(202);
    const cancelled = await untilRun(location, ({ state }) => state === "cancelled");
    expect(cancelled.steps[0]?.generations).toMatchObject([{ resultState: "CANCELED" }]);

    expect(await call("POST", `${location}/retry`)).toMatchObject({ status: 202, body: { attempt: 2 } });
    const again = await untilRun(location, ({ steps }) => steps[0]?.generations[1]?.lifeCycleState === "RUNNING");
    expect(again.steps[0]?.generations[1]?.databricksRunId).not.toBe(first);
    await call("POST", `${location}/cancel`);
    await untilRun(location, ({ state }) => state === "cancelled");
  });

  it("names a job that is not there, in the run and in the health", async () => {
    const run = await untilRun(await start(url, "jobless"), ({ state }) => state === "failed");
    const { status, body } = await call("GET", `${url}/health`);

    expect(run.error?.message).toMatch(/no job is named "job-nowhere": deploy the bundle/);
    expect(status).toBe(503);
    const remedy = expect.stringContaining("Deploy the bundle");
    const failed = healthSchema.parse(body).checks.filter((check) => check.status !== "ok");
    expect(failed).toEqual([
      {
        name: "job job-nowhere",
        status: "failed",
        message: expect.stringContaining('no job is named "job-nowhere"'),
        remedy,
      },
    ]);
  });

  it("answers refusals with problems", async () => {
    for (const [method, path, status] of [
      ["POST", "v1/pipelines/nope/runs", 404],
      ["GET", "v1/runs/nope", 404],
      ["GET", "v1/runs?top=0", 400],
      ["GET", "v1/pipelines/raising/drops?state=lost", 400],
    ] as const) {
      const answer = await call(method, `${url}/${path}`);
      expect(answer.status).toBe(status);
      expect(answer.headers.get("content-type")).toContain("application/problem+json");
      expect(problemSchema.parse(answer.body).status).toBe(status);
    }
  });
});

describe("a wrong set-up", () => {
  it.each([
    ["wrongtoken", { DATABRICKS_TOKEN: CANARY }, /401.*Check DATABRICKS_TOKEN/],
    ["wronghost", { DATABRICKS_HOST: "http://127.0.0.1:9" }, /cannot reach DATABRICKS_HOST http:\/\/127\.0\.0\.1:9/],
  ])("is one clear error in the run, the log and the health: %s", async (name, settings, message) => {
    const api = await startApp(name, settings);
    const location = await start(api, "raising");

    const fault = (run: ReturnType<typeof runSchema.parse>) =>
      run.error?.message ?? run.steps[0]?.generations[0]?.lastFault ?? "";
    const run = await untilRun(location, (seen) => fault(seen) !== "");
    const { status, body } = await call("GET", `${api}/health`);

    const log = hosts.at(-1)?.host.output() ?? "";
    expect(fault(run)).toMatch(message);
    expect(log).toMatch(message);
    expect(status).toBe(503);
    const checks = healthSchema.parse(body).checks.filter((check) => check.status === "failed");
    expect(checks).toEqual([
      {
        name: "databricks",
        status: "failed",
        message: expect.stringMatching(message),
        remedy: expect.stringContaining("DATABRICKS_HOST"),
      },
    ]);
    expect(JSON.stringify([run, log, body])).not.toContain(CANARY);
    await call("POST", `${location}/cancel`);
  });

  it("stops the start and names every bad setting and definition at once", async () => {
    const broken = mkdtempSync(join(tmpdir(), "bk-broken-"));
    writeFileSync(join(broken, "bad.json"), "{}");
    const settings = { DATABRICKS_AUTH: "guess", REQUESTS_PER_SECOND: "many", PIPELINES_DIR: broken };

    const told = await startApp("broken", settings).catch((error: unknown) => String(error));

    rmSync(broken, { recursive: true });
    for (const name of ["DATABRICKS_AUTH", "REQUESTS_PER_SECOND", "bad.json"]) expect(told).toContain(name);
  });
});
