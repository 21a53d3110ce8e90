import { setTimeout as pause } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { toolName, toolOperations } from "../../src/api/mcp/tools";
import { OPERATIONS } from "../../src/api/registry/operations";
import { CoreApp, type RunView } from "../support/core-app";

const script = (_job: string, _nth: number, parameters: Readonly<Record<string, string>>) =>
  JSON.parse(parameters["behaviour"] || "{}") as object;

const behave = (behaviour: object, more: object = {}) => ({
  rerun: true,
  parameters: { behaviour: JSON.stringify(behaviour) },
  ...more,
});

const start = async (app: CoreApp, body: object, headers: Record<string, string> = {}): Promise<RunView> =>
  (await app.api("POST", "pipelines/meters/runs", body, headers)).body;

describe("the app on the embedded host", () => {
  let app: CoreApp;

  beforeAll(async () => {
    app = await CoreApp.start(script);
  }, 90_000);

  afterAll(async () => {
    await app?.stop();
  });

  beforeEach(() => {
    app.jobs.runs.length = 0;
  });

  it("turns drops into one batch and one Databricks run a step", async () => {
    await app.drop("north/2015-11-15.csv");
    await app.drop("south/2015-11-15.csv");

    const run = await app.until("a run", async () => (await app.runs())[0]);

    expect(await app.ended(run.id)).toMatchObject({ state: "succeeded" });
    expect((await app.manifest(run.id))?.files.map((file) => file.path)).toEqual([
      "north/2015-11-15.csv",
      "south/2015-11-15.csv",
    ]);
    expect(app.jobs.runs.map((one) => one.jobName)).toEqual(["meters-count", "meters-total", "meters-rank"]);
  }, 120_000);

  it("has its reading operations as tools for agents, at the host's MCP endpoint", async () => {
    const run = await start(app, {});
    const client = new Client({ name: "test", version: "1" });
    const transport = new StreamableHTTPClientTransport(new URL("/runtime/webhooks/mcp", app.host.url));
    await client.connect(transport);
    try {
      const reading = toolOperations(OPERATIONS, "read");
      expect((await client.listTools()).tools.map(({ name }) => name).toSorted()).toEqual(
        reading.map(toolName).toSorted(),
      );
      const { structuredContent } = await client.callTool({ name: "get_run", arguments: { runId: run.id } });
      expect(structuredContent).toMatchObject({ id: run.id });
      await expect(client.callTool({ name: "start_run", arguments: {} })).rejects.toThrow("Unknown tool");
    } finally {
      await client.close();
    }
  }, 60_000);

  it("ends without a call when nothing is pending", async () => {
    const run = await start(app, {});

    expect(await app.ended(run.id)).toMatchObject({ state: "nothing_to_do" });
    expect(app.jobs.runs).toEqual([]);
  }, 60_000);

  it("goes on after kill -9 of the host with the same Databricks run", async () => {
    const run = await start(app, behave({ delayMs: 6000 }));
    await app.until("a Databricks run", async () => app.jobs.runs.length > 0);

    await app.crash();

    expect(await app.ended(run.id, 120)).toMatchObject({ state: "succeeded" });
    expect(app.jobs.runs).toHaveLength(3);
  }, 180_000);

  it("starts one Databricks run when the answer to run-now is lost or is 503", async () => {
    app.jobs.faults.push({ path: "run-now", status: "drop" }, { path: "run-now", status: 503 });

    const run = await start(app, behave({}));

    expect(await app.ended(run.id, 120)).toMatchObject({ state: "succeeded" });
    expect(app.jobs.runs).toHaveLength(3);
  }, 150_000);

  it("repeats a platform fault as the next generation and stops at a code fault", async () => {
    const platform = await start(app, behave({ end: "platform", delayMs: 10 }));
    expect(await app.ended(platform.id, 90)).toMatchObject({ state: "failed" });
    expect(app.jobs.runs).toHaveLength(3);
    expect(new Set(app.jobs.runs.map((run) => run.token)).size).toBe(3);
    app.jobs.runs.length = 0;

    const code = await start(app, behave({ end: "code", delayMs: 10 }));

    expect(JSON.stringify(await app.ended(code.id))).toContain("ValueError: boom");
    expect(app.jobs.runs).toHaveLength(1);
  }, 180_000);

  it.each([
    ["no exit JSON", "no-exit", "EXIT_JSON_MISSING"],
    ["counts that disagree with the manifest", "wrong-counts", "EXIT_COUNTS_DISAGREE"],
  ])(
    "does not believe a green run with %s",
    async (_title, end, code) => {
      const run = await start(app, behave({ end, delayMs: 10 }));

      const ended = await app.ended(run.id);

      expect(ended).toMatchObject({ state: "failed" });
      expect(JSON.stringify(ended)).toContain(code);
      expect(app.jobs.runs).toHaveLength(1);
    },
    60_000,
  );

  it("ends as not ready without running later steps", async () => {
    const run = await start(app, behave({ end: "not_ready", delayMs: 10 }));

    expect(await app.ended(run.id)).toMatchObject({ state: "not_ready" });
    expect(app.jobs.runs).toHaveLength(1);
  }, 60_000);

  it("cancels the Databricks run and ends only when that is terminal", async () => {
    const run = await start(app, behave({ end: "hang", cancelMs: 4000 }));
    await app.until("a Databricks run", async () => app.jobs.runs.length > 0);

    expect((await app.api("POST", `runs/${run.id}/cancel`)).status).toBeLessThan(300);
    await pause(1500);
    expect((await app.api("GET", `runs/${run.id}`)).body.state).toBe("running");

    expect(await app.ended(run.id, 90)).toMatchObject({ state: "cancelled" });
    expect(app.jobs.active()).toEqual([]);
  }, 150_000);

  it("queues a second run of the group and hands the slot on", async () => {
    const first = await start(app, behave({ delayMs: 3000 }));
    const second = await start(app, behave({ delayMs: 10 }));
    await app.until(
      "the second run to queue",
      async () => (await app.api("GET", `runs/${second.id}`)).body.state === "queued",
    );

    const [a, b] = [await app.ended(first.id, 90), await app.ended(second.id, 90)];

    expect([a.state, b.state]).toEqual(["succeeded", "succeeded"]);
    const of = (id: string) =>
      app.jobs.runs.filter((run) => run.parameters["run_id"] === id).map((run) => run.startedAt);
    expect(Math.min(...of(second.id))).toBeGreaterThan(Math.max(...of(first.id)));
  }, 200_000);

  it("resumes a failed run from its failed step with the same parameters", async () => {
    const body = behave({ end: "code", delayMs: 10 });
    const run = await start(app, body);
    await app.ended(run.id);

    await app.api("POST", `runs/${run.id}/retry`);
    await app.until("the second attempt", async () => app.jobs.runs.length > 1);

    expect(await app.ended(run.id)).toMatchObject({ state: "failed", attempt: 2 });
    expect(app.jobs.runs.map((one) => one.parameters)).toEqual([
      app.jobs.runs[0]?.parameters,
      app.jobs.runs[0]?.parameters,
    ]);
    expect(app.jobs.runs[0]?.token).not.toBe(app.jobs.runs[1]?.token);
  }, 120_000);
});

describe("the app when everything is delivered twice", () => {
  it("still makes one batch and one Databricks run a step", async () => {
    const app = await CoreApp.start(script, { deliverTwice: true });
    try {
      for (let number = 0; number < 10; number += 1) await app.drop(`meter/${number}.csv`);

      const run = await app.until("a run", async () => (await app.runs())[0]);

      expect(await app.ended(run.id, 150)).toMatchObject({ state: "succeeded" });
      const runs = await app.until("quiet", async () => {
        const all = await app.runs();
        return all.every((one) => !["requested", "queued", "running"].includes(one.state)) ? all : null;
      });
      const files = (await Promise.all(runs.map((one) => app.manifest(one.id)))).flatMap(
        (manifest) => manifest?.files ?? [],
      );
      expect(files.map((file) => file.path).sort()).toEqual(
        Array.from({ length: 10 }, (_, number) => `meter/${number}.csv`),
      );
      expect(app.jobs.runs).toHaveLength(3 * runs.filter((one) => one.state === "succeeded").length);
    } finally {
      await app.stop();
    }
  }, 240_000);
});
