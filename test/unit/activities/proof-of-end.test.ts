import { settleByPerson } from "../../../src/runs/settle-by-person";
import { recordDatabricksRun } from "../../../src/runs/submit-run";
import { releaseSlot } from "../../../src/runs/release-slot";
import { sweepGenerations } from "../../../src/sweeps/databricks-runs";
import { useAzurite } from "../../support/azurite";
import { StepBench } from "../../support/step-bench";

/** Deleted and ended are recorded on proof alone. */

const storage = useAzurite();
let bench: StepBench;

beforeEach(async () => {
  bench = await StepBench.start(storage.connectionString);
});
afterEach(async () => {
  await bench.stop();
});

const RUN_NOW = "run-now";
const NOT_THERE = { error_code: "INVALID_PARAMETER_VALUE", message: "Run 1000 does not exist." };

describe("a run that cannot be read", () => {
  beforeEach(async () => {
    bench.behaviour = { end: "hang" };
    await bench.startStep();
  });

  it.each([
    ["a page of a proxy", "<html>404</html>"],
    ["a wrong path", { error_code: "ENDPOINT_NOT_FOUND", message: "No API found for 'GET /jobs/runs/get'" }],
  ])("is not deleted by any number of 404 of %s", async (_name, body) => {
    bench.server.faults.push({ path: "runs/get", status: 404, body, times: 100 });

    const ended = async () => (await bench.poll()).kind === "ended";

    expect(await bench.until(ended, { everySeconds: 60, looks: 30 })).toBeNull();
    expect(await bench.record()).toMatchObject({ terminal: false, verdict: null });
  });

  it("is deleted when Databricks says so over minutes and lists it no more, and not before", async () => {
    bench.server.runs[0]!.deleted = true;
    expect(await bench.poll()).toMatchObject({ kind: "wait", fault: expect.stringContaining("1000") });
    expect(await bench.poll()).toMatchObject({ kind: "wait" });
    expect(await bench.poll()).toMatchObject({ kind: "wait" });

    bench.advance(180);

    expect(await bench.poll()).toMatchObject({ kind: "ended", outcome: { cause: "deleted", code: "RUN_DELETED" } });
  });

  it("is not deleted while a list names it", async () => {
    bench.server.faults.push({ path: "runs/get", status: 400, body: NOT_THERE, times: 20 });
    const ended = async () => (await bench.poll()).kind === "ended";
    expect(await bench.until(ended, { everySeconds: 60, looks: 20 })).toBeNull();

    expect(await bench.poll()).toMatchObject({ kind: "running" });
    expect(await bench.record()).toMatchObject({ absentSince: null, absentLooks: 0 });
  });

  it("is settled only by the same proof", async () => {
    bench.server.runs[0]!.deleted = true;

    expect(await bench.settle()).toEqual({ remaining: 1 });
    expect(await bench.settled({ everySeconds: 60, looks: 10 })).toBeGreaterThan(2);

    expect(await bench.record()).toMatchObject({ verdict: { cause: "deleted" } });
  });
});

describe("a state that nobody knows", () => {
  const release = async () => releaseSlot(bench.fixture.activities, bench.step(), bench.fixture.context);

  beforeEach(async () => {
    await bench.startStep();
    bench.server.runs[0]!.oddState = "HIBERNATING";
  });

  it("keeps the slot for as long as Databricks lists the run as active, and asks for a person", async () => {
    expect(await bench.settled({ everySeconds: 60, looks: 60 })).toBeNull();

    expect(await bench.record()).toMatchObject({
      terminal: false,
      needsPerson: expect.stringContaining("HIBERNATING"),
    });
    expect(await release()).toEqual({ released: false });
  });

  it("is a failure when Databricks has listed the run no more for minutes", async () => {
    await bench.settled({ everySeconds: 60, looks: 30 });
    bench.server.unlisted.add(1000);

    expect(await bench.settle()).toEqual({ remaining: 1 });
    expect(await bench.settled({ everySeconds: 60, looks: 10 })).toBeGreaterThan(2);

    expect(await bench.record()).toMatchObject({
      needsPerson: null,
      verdict: { cause: "unknown", code: "UNKNOWN_STATE" },
    });
    expect(await release()).toEqual({ released: true });
  });

  it("is settled by a person's word", async () => {
    await bench.settle();

    await settleByPerson(bench.fixture.ledger, await bench.record());

    expect(await bench.settle()).toEqual({ remaining: 0 });
    expect(await bench.record()).toMatchObject({
      terminal: true,
      verdict: { kind: "failed", code: "SETTLED_BY_PERSON" },
    });
  });
});

describe("a generation of attempt 1 that comes late", () => {
  /** Attempt 1 was settled as never started, and attempt 2 is under way; then its run shows after all. */
  const comesLate = async () => {
    bench.behaviour = { end: "hang" };
    bench.server.faults.push({ path: RUN_NOW, status: 503 });
    await bench.startStep();
    bench.server.unlisted.add(1000);
    await bench.settled({ everySeconds: 60, looks: 20 });
    await bench.close();
    await bench.fixture.activities.requests.retryRun(bench.runId, bench.fixture.starter);
    bench.server.unlisted.clear();
  };

  it("is ended by the sweeper, and the generation of attempt 2 is left alone", async () => {
    await comesLate();
    expect(await bench.startStep(bench.step(1, 2))).toMatchObject({ kind: "running" });
    await recordDatabricksRun(bench.fixture.activities, bench.step(0), "1000");

    await sweepGenerations(bench.fixture.pass);
    await sweepGenerations(bench.fixture.pass);

    expect(bench.cancelled()).toEqual([true, false]);
    expect(await bench.record(0)).toMatchObject({ terminal: true, databricksRunId: "1000" });
    expect(await bench.record(1)).toMatchObject({ terminal: false });
  });

  it("is ended before attempt 2 starts its own", async () => {
    await comesLate();
    await recordDatabricksRun(bench.fixture.activities, bench.step(0), "1000");

    const first = await bench.startStep(bench.step(1, 2));
    const second = await bench.startStep(bench.step(1, 2));

    expect([first.kind, second.kind]).toEqual(["wait", "running"]);
    expect(bench.cancelled()).toEqual([true, false]);
  });
});
