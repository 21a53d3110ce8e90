import { sweepGenerations, sweepUnownedRuns } from "../../../src/sweeps/databricks-runs";
import { useAzurite } from "../../support/azurite";
import { StepBench } from "../../support/step-bench";

/** Whose a Databricks run is: by the ledger, never by a parameter alone. */

const storage = useAzurite();
let bench: StepBench;

beforeEach(async () => {
  bench = await StepBench.start(storage.connectionString);
  bench.behaviour = { end: "hang" };
});
afterEach(async () => {
  await bench.stop();
});

/** A run-now by hand, in the job of the first step. */
const byHand = async (parameters: Record<string, string>): Promise<void> => {
  const jobId = await bench.jobs.findJobId("job-ingestion");
  const idempotencyToken = `by-hand-${bench.server.runs.length}`;
  await bench.jobs.runNow({ jobId, idempotencyToken, jobParameters: parameters });
};

const sweep = async (): Promise<void> => {
  await sweepGenerations(bench.fixture.pass);
  await sweepUnownedRuns(bench.fixture.pass);
};

const ended = async (): Promise<void> => {
  bench.behaviour = { delayMs: 0 };
  await bench.startStep();
  expect(await bench.poll()).toMatchObject({ kind: "ended" });
  await bench.close();
  bench.behaviour = { end: "hang" };
};

describe("the sweeper", () => {
  it("leaves a person's own run-now alone that carries an old run's id, its deployment, or nothing", async () => {
    await ended();
    await byHand({ run_id: bench.runId });
    await byHand({ run_id: bench.runId, deployment_id: "test" });
    await byHand({ run_id: "scoring-20010101t000000-00000000", deployment_id: "test" });
    await byHand({});

    await sweep();

    expect(bench.cancelled()).toEqual([false, false, false, false, false]);
  });

  it("leaves a repair alone: a run of ours that ended and that somebody has started again in Databricks", async () => {
    await ended();
    Object.assign(bench.server.runs[0]!, { behaviour: { end: "hang" } });
    expect(bench.server.active()).toHaveLength(1);

    await sweep();

    expect(bench.cancelled()).toEqual([false]);
  });

  it.each([true, false])(
    "ends the late run of a call that was never answered, whether lists name parameters or not: %s",
    async (listed) => {
      bench.server.listsParameters = listed;
      bench.server.faults.push({ path: "run-now", status: 503 });
      await bench.startStep();
      bench.server.unlisted.add(1000);
      await bench.settled({ everySeconds: 60, looks: 20 });
      await bench.close();
      bench.server.unlisted.clear();

      await sweep();
      await sweep();

      expect(bench.cancelled()).toEqual([true]);
      expect(await bench.record()).toMatchObject({ databricksRunId: "1000", terminal: true });
    },
  );

  it("ends the late run of a job whose definition is gone meanwhile", async () => {
    bench.server.faults.push({ path: "run-now", status: 503 });
    await bench.startStep();
    bench.server.unlisted.add(1000);
    await sweep();
    await bench.settled({ everySeconds: 60, looks: 20 });
    await bench.close();
    bench.server.unlisted.clear();
    const pass = { ...bench.fixture.pass, definitions: new Map() };

    await sweepUnownedRuns(pass);
    await sweepGenerations(pass);

    expect(bench.cancelled()).toEqual([true]);
  });

  it("never takes the run of a start that is under way for a stray", async () => {
    bench.server.faults.push({ path: "run-now", status: 503 });
    await bench.startStep();

    await sweep();

    expect(bench.cancelled()).toEqual([false]);
    expect(await bench.startStep()).toMatchObject({ kind: "running" });
    expect(await bench.record()).toMatchObject({ databricksRunId: "1000" });
  });

  it("reads no generation that is settled, however many there are", async () => {
    const { generations } = bench.fixture.ledger;
    const intent = {
      step: "ingestion",
      job: "job-ingestion",
      idempotencyToken: "t",
      intendedAt: "2026-01-01T00:00:00Z",
    };
    for (let generation = 0; generation < 20; generation += 1)
      await generations.intend({ ...bench.step(generation), ...intent });
    for (let generation = 0; generation < 19; generation += 1)
      await generations.change(bench.runId, 0, generation, () => ({ terminal: true }));
    const now = bench.fixture.ledger.now();
    expect((await generations.unsettled(now)).map(({ generation }) => generation)).toEqual([19]);

    const get = jest.spyOn(generations, "get");
    await generations.unsettled(now);

    expect(get).toHaveBeenCalledTimes(1);
    get.mockRestore();
  });
});

describe("another deployment on a copy of the tables", () => {
  it("cancels nothing that is not its own, and says that it needs a person", async () => {
    await bench.startStep();
    const copy = bench.with({ deploymentId: "restored" });

    await bench.cancel(copy);
    expect(await bench.settle(copy)).toEqual({ remaining: 1 });
    await bench.close();
    await sweepGenerations({ ...bench.fixture.pass, activities: copy });
    await sweepUnownedRuns({ ...bench.fixture.pass, activities: copy });

    expect(bench.cancelled()).toEqual([false]);
    expect(await bench.record()).toMatchObject({
      terminal: false,
      needsPerson: expect.stringMatching(/1000 does not carry run_id .* of deployment restored/),
    });
  });
});

describe("a recorded id whose run carries other parameters", () => {
  it("is neither cancelled nor judged", async () => {
    await bench.startStep();
    Object.assign(bench.server.runs[0]!, { parameters: { run_id: "somebody-else" } });

    expect(await bench.poll()).toMatchObject({ kind: "wait", fault: expect.stringContaining("does not carry") });
    await bench.cancel();
    expect(await bench.settle()).toEqual({ remaining: 1 });

    expect(bench.cancelled()).toEqual([false]);
    expect(await bench.record()).toMatchObject({ needsPerson: expect.stringContaining("left alone") });
  });
});

describe("a changed DATABRICKS_HOST", () => {
  const moved = () => bench.with({ workspace: "https://other" });
  const told = expect.stringMatching(/started in https:\/\/workspace, but DATABRICKS_HOST is now https:\/\/other/);

  it("is seen: nothing is read, judged or cancelled in the other workspace", async () => {
    await bench.startStep();
    const requests = bench.server.requests;

    expect(await bench.poll(null, moved())).toMatchObject({ kind: "wait", fault: told });
    await bench.cancel(moved());
    expect(await bench.settle(moved())).toEqual({ remaining: 1 });

    expect(bench.server.requests).toBe(requests);
    expect(await bench.record()).toMatchObject({ terminal: false, needsPerson: told });
    expect(await bench.poll()).toMatchObject({ kind: "running" });
    expect(await bench.record()).toMatchObject({ needsPerson: null, lastFault: null });
  });

  it("starts no second run of a call that may have been carried out", async () => {
    bench.server.faults.push({ path: "run-now", status: 503 });
    await bench.startStep();

    expect(await bench.startStep(bench.step(), moved())).toMatchObject({ kind: "wait", fault: told });
    expect(bench.server.runs).toHaveLength(1);
    expect(await bench.startStep()).toMatchObject({ kind: "running" });
  });
});
