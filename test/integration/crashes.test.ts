import { last, MetersStack, PIPELINE } from "../support/meters";

jest.setTimeout(240_000);

const slow = (day: string) => ({
  window: { start: `2018-01-${day}T06:00:00Z`, end: `2018-01-${day}T18:00:00Z` },
  parameters: { behaviour: "sleep:total:8" },
});

describe("kill -9 during a step", () => {
  let meters: MetersStack;
  beforeAll(async () => {
    meters = await MetersStack.start();
  });
  afterAll(async () => meters.stop());

  it("of the functions host: the wait goes on after its restart, with the same Databricks run", async () => {
    const { id } = await meters.api.startRun(PIPELINE, slow("01"), "crash-host");
    const databricksRun = await meters.stepStarted(id, "total");

    await meters.stack.functions.stop("SIGKILL");
    await meters.stack.startFunctions();
    const run = await meters.end(id);

    expect(run.state).toBe("succeeded");
    expect(last(run, "total")).toMatchObject({ databricksRunId: databricksRun, generation: 0 });
    expect(await meters.databricksRunsOf(id)).toHaveLength(3);
  });

  it("of the local Databricks: a platform fault, repeated as the next generation", async () => {
    const { id } = await meters.api.startRun(PIPELINE, slow("02"), "crash-databricks");
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
  let meters: MetersStack;
  beforeAll(async () => {
    meters = await MetersStack.start({ deliverTwice: true });
  });
  afterAll(async () => meters.stop());

  it("makes one batch, one run and one Databricks run a step of one drop", async () => {
    const run = await meters.runAfter(async () => meters.drop("twice", [4, 5]));

    expect(run.state).toBe("succeeded");
    expect(last(run, "count").counts).toMatchObject({ filesListed: 1, rowsRead: 2 });
    expect(await meters.databricksRunsOf(run.id)).toHaveLength(3);
    expect((await meters.api.listDrops(PIPELINE, {})).map(({ state }) => state)).toEqual(["batched"]);
  });
});
