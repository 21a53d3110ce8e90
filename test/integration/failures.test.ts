import { last, MetersStack, PIPELINE } from "../support/meters";

jest.setTimeout(240_000);

/** A window of its own for every test: the same window would be the same work. */
let day = 0;
const request = (behaviour: string) => {
  const start = new Date(Date.UTC(2017, 0, ++day)).toISOString();
  const end = new Date(Date.UTC(2017, 0, day + 1)).toISOString();
  return { window: { start, end }, parameters: { behaviour } };
};

/** One stack for all: a start of Spark costs more than most of these tests. */
let meters: MetersStack;
beforeAll(async () => {
  meters = await MetersStack.start();
});
afterAll(async () => meters.stop());

describe("failures of a step", () => {
  const start = async (behaviour: string) =>
    meters.api.startRun(PIPELINE, request(behaviour), `key-${behaviour}-${day}`);

  it("stops at a notebook that raised, says what it said, and runs it once", async () => {
    const run = await meters.end((await start("raise:total")).id);

    expect(run).toMatchObject({ state: "failed", error: { step: "total" } });
    expect(run.error?.message).toContain("step total was asked to fail");
    expect(run.steps.find(({ name }) => name === "total")?.generations).toHaveLength(1);
    expect(run.steps.find(({ name }) => name === "rank")?.generations).toHaveLength(0);
  });

  it("resumes a failed run from the failed step by retry", async () => {
    const failed = await meters.end((await start("raise:rank")).id);
    const response = await fetch(failed.links.retry, { method: "POST" });
    expect(response.status).toBe(202);

    const retried = await meters.end(failed.id);

    expect(retried.attempt).toBe(2);
    expect(retried.steps.find(({ name }) => name === "count")?.generations).toHaveLength(1);
    expect(retried.steps.find(({ name }) => name === "rank")?.generations).toHaveLength(2);
  });

  it("does not believe an exit JSON whose counts do not add up", async () => {
    const run = await meters.end((await start("miscount:count")).id);

    expect(run).toMatchObject({ state: "failed", error: { step: "count" } });
    expect(run.error?.message).toMatch(/rows/i);
  });

  it("cancels the Databricks run and waits until it has ended", async () => {
    const { id, links } = await start("sleep:total:60");
    const databricksRun = await meters.stepStarted(id, "total");

    const response = await fetch(links.cancel, { method: "POST" });
    const run = await meters.end(id);

    expect(response.status).toBe(202);
    expect(run.state).toBe("cancelled");
    expect(last(run, "total")).toMatchObject({ databricksRunId: databricksRun, resultState: "CANCELED" });
  });

  it("answers a bad window and an unknown pipeline with one clear problem", async () => {
    const post = async (pipeline: string, body: object) => {
      const response = await fetch(`${meters.stack.functions.url}/api/v1/pipelines/${pipeline}/runs`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      return {
        status: response.status,
        problem: (await response.json()) as { detail: string; errors: { pointer: string }[] },
      };
    };

    const badWindow = await post(PIPELINE, { window: { start: "2015-11-02T00:00:00Z", end: "2015-11-01T00:00:00Z" } });
    const unknown = await post("metres", {});

    expect(badWindow.status).toBe(400);
    expect(JSON.stringify(badWindow.problem)).toContain("start must be before end");
    expect(unknown.status).toBe(404);
    expect(unknown.problem.detail).toContain("meters");
  });
});

describe("kill -9 during a step", () => {
  it("of the functions host: the wait goes on after its restart, with the same Databricks run", async () => {
    const { id } = await meters.api.startRun(PIPELINE, request("sleep:total:8"), "crash-host");
    const databricksRun = await meters.stepStarted(id, "total");

    await meters.stack.functions.stop("SIGKILL");
    await meters.stack.startFunctions();
    const run = await meters.end(id);

    expect(run.state).toBe("succeeded");
    expect(last(run, "total")).toMatchObject({ databricksRunId: databricksRun, generation: 0 });
    expect(await meters.databricksRunsOf(id)).toHaveLength(3);
  });

  it("of the local Databricks: a platform fault, repeated as the next generation", async () => {
    const { id } = await meters.api.startRun(PIPELINE, request("sleep:total:8"), "crash-databricks");
    await meters.stepStarted(id, "total");

    await meters.stack.databricks.stop("SIGKILL");
    await meters.stack.startDatabricks();
    const run = await meters.end(id);

    expect(run.state).toBe("succeeded");
    const generations = run.steps.find(({ name }) => name === "total")?.generations ?? [];
    expect(generations.map(({ verdict }) => verdict?.kind)).toEqual(["failed", "succeeded"]);
    expect(generations[0]?.verdict?.cause).toBe("platform");
  });
});

describe("everything delivered twice", () => {
  it("makes one batch, one run and one Databricks run a step of one drop", async () => {
    await meters.stack.functions.stop();
    await meters.stack.startFunctions({ deliverTwice: true });

    const run = await meters.runAfter(async () => meters.drop("twice", [4, 5]));

    expect(run.state).toBe("succeeded");
    expect(last(run, "count").counts).toMatchObject({ filesListed: 1, rowsRead: 2 });
    expect(await meters.databricksRunsOf(run.id)).toHaveLength(3);
    expect((await meters.api.listDrops(PIPELINE, {})).map(({ state }) => state)).toEqual(["batched"]);
  });
});
