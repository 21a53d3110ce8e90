import { createTakeSlot } from "../../../src/activities/take-slot";
import { abandon, releaseSlotOf, settle } from "../../../src/operations/settle";
import { recordDatabricksRun } from "../../../src/runs/submit-run";
import { sweepGenerations } from "../../../src/sweeps/databricks-runs";
import { useAzurite } from "../../support/azurite";
import { StepBench } from "../../support/step-bench";

/** A person ends what nobody can prove, unless Databricks says otherwise. */

const storage = useAzurite();
let bench: StepBench;

beforeEach(async () => {
  bench = await StepBench.start(storage.connectionString);
  bench.behaviour = { end: "hang" };
  await createTakeSlot(bench.fixture.activities)({ runId: bench.runId, attempt: 1 }, bench.fixture.context);
  await bench.startStep();
  bench.server.runs[0]!.oddState = "HIBERNATING";
});
afterEach(async () => {
  await bench.stop();
});

const deps = () => ({ activities: bench.fixture.activities, definitions: bench.fixture.pipelines });
const ada = () => ({ by: "ada@example.org", reason: "the page says that it ended", ...bench.fixture.context });
const asked = (more: object = {}) => ({ runId: bench.runId, step: null, force: false, ...more });
const hide = () => bench.server.unlisted.add(1000);
/** Databricks lists the run no more, minutes after its start, which it says is in a state that nobody knows. */
const vanish = () => {
  hide();
  bench.advance(600);
};
const actions = async () => bench.fixture.ledger.actions.list(bench.runId, 10);
const run = async () => bench.fixture.ledger.runs.get(bench.runId);

describe("settle", () => {
  it("ends the wait on a person's word, wakes the run, and keeps who, when and why out of the records", async () => {
    vanish();

    const settled = await settle(deps(), asked(), ada());

    expect(settled).toEqual([{ runId: bench.runId, step: "ingestion", generation: 0, databricksRunId: "1000" }]);
    expect(await bench.record()).toMatchObject({ terminal: true, verdict: { code: "SETTLED_BY_PERSON" } });
    expect(JSON.stringify(await bench.record())).not.toMatch(/ada|the page says/);
    expect(bench.fixture.starter.raised).toEqual([`${bench.runId}-a1:wake`]);
    expect(await actions()).toMatchObject([
      { action: "settle", by: "ada@example.org", reason: "the page says that it ended" },
    ]);
    expect(await bench.poll()).toMatchObject({ kind: "ended", outcome: { code: "SETTLED_BY_PERSON" } });
  });

  it("is refused while Databricks lists the run as active, and changes nothing", async () => {
    await expect(settle(deps(), asked(), ada())).rejects.toMatchObject({
      code: "still-active",
      message: expect.stringContaining("still lists run 1000"),
    });

    expect(await bench.record()).toMatchObject({ terminal: false, verdict: null });
    expect(await actions()).toEqual([]);
  });

  it("is refused while Databricks cannot be asked", async () => {
    bench.server.faults.push({ path: "runs/list", status: 500, times: 9 });

    await expect(settle(deps(), asked(), ada())).rejects.toMatchObject({ code: "activity-unknown" });
    expect(await bench.record()).toMatchObject({ terminal: false });
  });

  it("is refused while the run itself says that it is active, whatever the list says", async () => {
    bench.server.runs[0]!.oddState = null;
    vanish();

    await expect(settle(deps(), asked(), ada())).rejects.toMatchObject({ code: "still-active" });
  });

  it("is refused for a run so new that Databricks does not know it yet, although its id is recorded", async () => {
    hide();
    bench.server.faults.push({
      path: "runs/get",
      status: 404,
      body: { error_code: "RESOURCE_DOES_NOT_EXIST", message: "Run 1000 does not exist." },
    });

    await expect(settle(deps(), asked(), ada())).rejects.toThrow(/its run may show for some minutes/);
    expect(await bench.record()).toMatchObject({ databricksRunId: "1000", terminal: false });
  });

  it("is refused for a run that is too new for the lists, in a state that nobody knows", async () => {
    hide();

    await expect(settle(deps(), asked(), ada())).rejects.toThrow(/its run may show for some minutes/);
    vanish();
    expect(await settle(deps(), asked(), ada())).toHaveLength(1);
  });

  it("forced, asks Databricks to end the run and goes on", async () => {
    await settle(deps(), asked({ force: true }), ada());

    expect(await bench.record()).toMatchObject({ terminal: true, verdict: { code: "SETTLED_BY_PERSON" } });
  });

  it("is refused for a run whose answer was never seen and that Databricks lists by our parameters", async () => {
    await bench.stop();
    bench = await StepBench.start(storage.connectionString);
    bench.behaviour = { end: "hang" };
    bench.server.faults.push({ path: "run-now", status: 503 });
    await bench.startStep();
    expect(await bench.record()).toMatchObject({ databricksRunId: null, submissions: 1 });
    hide();
    await expect(settle(deps(), asked(), ada())).rejects.toThrow(/its run may show for some minutes/);
    bench.advance(600);
    bench.server.unlisted.clear();

    await expect(settle(deps(), asked(), ada())).rejects.toMatchObject({ code: "still-active" });
  });

  it("knows a step that was never started, and a run that is none", async () => {
    await expect(settle(deps(), asked({ step: "scoring" }), ada())).rejects.toThrow(/has started no step "scoring"/);
    const unknown = { runId: "scoring-20151116t063000-1a2b3c4d" };
    await expect(settle(deps(), asked(unknown), ada())).rejects.toMatchObject({ name: "RunNotInLedgerError" });
  });
});

describe("abandon", () => {
  it("closes the run, hands its slot on, and a run that comes to light after all is ended by the sweeper", async () => {
    vanish();

    const closed = await abandon(deps(), asked(), ada());

    expect(closed).toMatchObject({ state: "failed", error: { code: "ABANDONED", message: "abandoned by a person" } });
    expect((await bench.fixture.ledger.slots.inspect("group")).holder).toBeNull();
    expect(await bench.startStep(bench.step(1))).toMatchObject({ kind: "ended", outcome: { cause: "cancelled" } });
    expect(bench.server.runs).toHaveLength(1);
    await expect(abandon(deps(), asked(), ada())).rejects.toThrow(/is failed and cannot be abandoned/);
    expect(bench.fixture.notified).toHaveLength(1);
    expect(JSON.stringify(bench.fixture.notified)).not.toContain("ada@");
  });

  it("is refused while Databricks lists a run as active, and leaves the run as it was", async () => {
    await expect(abandon(deps(), asked(), ada())).rejects.toMatchObject({ code: "still-active" });

    expect(await run()).toMatchObject({ state: "running", cancelRequestedAt: null });
  });

  it("leaves to the sweeper what shows late", async () => {
    await bench.stop();
    bench = await StepBench.start(storage.connectionString);
    bench.behaviour = { end: "hang" };
    bench.server.faults.push({ path: "run-now", status: 503 });
    await bench.startStep();
    vanish();
    bench.advance(600);
    await abandon(deps(), asked(), ada());
    bench.server.unlisted.clear();

    await recordDatabricksRun(bench.fixture.activities, bench.step(), "1000");
    await sweepGenerations(bench.fixture.pass);

    expect(bench.cancelled()).toEqual([true]);
  });
});

describe("release-slot", () => {
  const slot = (more: object = {}) => ({ group: "group", holder: bench.runId, force: false, ...more });

  it("hands on the slot of a run that is over, once its Databricks runs are settled", async () => {
    const next = await bench.fixture.openRun({ rerun: true });
    await createTakeSlot(bench.fixture.activities)({ runId: next, attempt: 1 }, bench.fixture.context);
    await bench.close();
    await expect(releaseSlotOf(deps(), slot(), ada())).rejects.toMatchObject({ code: "still-active" });
    expect((await bench.fixture.ledger.slots.inspect("group")).holder).toBe(`${bench.runId}-a1`);
    vanish();

    expect(await releaseSlotOf(deps(), slot(), ada())).toEqual({ released: true, next: `${next}-a1` });

    expect(bench.fixture.starter.raised).toContain(`${next}-a1:wake`);
    expect(await bench.record()).toMatchObject({ terminal: true });
    expect(await actions()).toMatchObject([{ action: "release-slot" }]);
  });

  it("is refused for an open run, and when another holds it", async () => {
    vanish();

    await expect(releaseSlotOf(deps(), slot({ force: true }), ada())).rejects.toThrow(/cancel or abandon it/);
    await expect(releaseSlotOf(deps(), slot({ holder: "scoring-20151116t063000-1a2b3c4d" }), ada())).rejects.toThrow(
      new RegExp(`is held by ${bench.runId}`),
    );
  });
});
