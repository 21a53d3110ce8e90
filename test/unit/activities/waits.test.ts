import { sweepGenerations } from "../../../src/sweeps/databricks-runs";
import { sweepOpenRuns } from "../../../src/sweeps/open-runs";
import { sweepSlots } from "../../../src/sweeps/slots";
import { useAzurite } from "../../support/azurite";
import { StepBench } from "../../support/step-bench";

/** Every wait ends, and one item's fault never blocks another. */

const storage = useAzurite();
let bench: StepBench;

beforeEach(async () => {
  bench = await StepBench.start(storage.connectionString);
});
afterEach(async () => {
  await bench.stop();
});

const polled = async (options: { everySeconds: number; looks: number }): Promise<number | null> =>
  bench.until(async () => (await bench.poll()).kind === "ended", options);

describe("an ended run whose output cannot be read", () => {
  const OUTPUT = "runs/get-output";
  const INVALID_STATE = { error_code: "INVALID_STATE", message: "Run output is not available yet." };

  it.each([
    [500, "platform"],
    [401, "configuration"],
    [403, "configuration"],
  ])("is waited for no longer than ten minutes when that is answered %d", async (status, cause) => {
    await bench.startStep();
    bench.server.faults.push({ path: OUTPUT, status, times: 100 });

    expect(await polled({ everySeconds: 30, looks: 40 })).toBeGreaterThan(10);

    expect(await bench.record()).toMatchObject({ terminal: true, verdict: { cause, code: "OUTPUT_UNREADABLE" } });
  });

  it.each([
    ["cancelled", "cancelled", "RESULT_NOT_READ"],
    ["timedOut", "timedOut", "STEP_TIMED_OUT"],
    ["runTimedOut", "timedOut", "RUN_TIMED_OUT"],
  ] as const)("is not waited for when the step is %s", async (stopping, cause, code) => {
    await bench.startStep();
    bench.server.faults.push({ path: OUTPUT, status: 500, times: 100 });

    expect(await bench.poll(stopping)).toMatchObject({ kind: "ended", outcome: { cause, code } });
  });

  it("is looked at again when Databricks refuses it for a moment after the end", async () => {
    await bench.startStep();
    bench.server.faults.push({ path: OUTPUT, status: 400, body: INVALID_STATE, times: 2 });

    expect(await polled({ everySeconds: 5, looks: 5 })).toBe(3);
    expect(await bench.record()).toMatchObject({ verdict: { kind: "succeeded" } });
  });

  it("is looked at again when it is empty, and then is a code failure", async () => {
    bench.behaviour = { delayMs: 0, end: "no-exit" };
    await bench.startStep();

    expect(await polled({ everySeconds: 5, looks: 10 })).toBeGreaterThan(2);
    expect(await bench.record()).toMatchObject({ verdict: { cause: "code", code: "EXIT_JSON_MISSING" } });
  });

  it("does not hide the failure of a run that failed", async () => {
    bench.behaviour = { delayMs: 0, end: "platform" };
    await bench.startStep();
    bench.server.faults.push({ path: OUTPUT, status: 500, times: 100 });

    expect(await polled({ everySeconds: 60, looks: 20 })).not.toBeNull();
    expect(await bench.record()).toMatchObject({ verdict: { cause: "platform", code: "DRIVER_ERROR" } });
  });
});

describe("a token that is refused for good", () => {
  beforeEach(async () => {
    bench.behaviour = { end: "hang" };
    await bench.startStep();
    for (const path of ["runs/get", "runs/cancel", "runs/list"])
      bench.server.faults.push({
        path,
        status: 401,
        body: { error_code: "401", message: "Invalid token" },
        times: 100,
      });
  });

  it("makes waits of looks, cancels and settlements, with the fault shown, and asks for a person", async () => {
    expect(await bench.poll()).toMatchObject({ kind: "wait", fault: expect.stringContaining("401") });
    expect(await bench.cancel()).toBeNull();
    expect(await bench.settle()).toEqual({ remaining: 1 });
    expect(await bench.record()).toMatchObject({
      terminal: false,
      needsPerson: null,
      lastFault: expect.stringMatching("401"),
    });

    bench.advance(901);
    await bench.settle();

    expect(await bench.record()).toMatchObject({ terminal: false, needsPerson: expect.stringContaining("401") });
  });

  it("is forgotten when it is accepted again", async () => {
    await bench.settle();
    bench.advance(901);
    await bench.settle();
    bench.server.faults.length = 0;

    expect(await bench.settled({ everySeconds: 2, looks: 3 })).not.toBeNull();
    expect(await bench.record()).toMatchObject({ needsPerson: null, resultState: "CANCELED" });
  });
});

describe("a sweep with one bad item", () => {
  it("settles the other generations", async () => {
    const { fixture } = bench;
    bench.behaviour = { end: "hang" };
    const other = await fixture.openRun({ rerun: true });
    await bench.startStep();
    await bench.startStep({ ...bench.step(), runId: other });
    for (const runId of [bench.runId, other]) await fixture.ledger.runs.change(runId, () => ({ state: "failed" }));
    const runs = failingFor(fixture.ledger.runs, "get", bench.runId);
    const pass = { ...fixture.pass, activities: bench.with({ ledger: { ...fixture.ledger, runs } }) };

    await expect(sweepGenerations(pass)).rejects.toThrow(/1 of 2 items failed: the storage is away/);

    expect(bench.cancelled()).toEqual([false, true]);
    expect(fixture.log.join("\n")).toContain(bench.runId);
  });

  it("looks at the other open runs", async () => {
    const other = await fixtureRuns();
    const { fixture } = bench;
    const starter = failingFor(fixture.starter, "status", `${bench.runId}-a1`);

    await expect(sweepOpenRuns({ ...fixture.pass, starter })).rejects.toThrow(/1 of 1 items failed: 1 of 2/);

    expect(fixture.starter.started).toContain(`${other}-a1`);
  });

  it("looks at the other places of a group", async () => {
    const other = await fixtureRuns();
    const { fixture } = bench;
    const group = fixture.pipelines.get("scoring")?.concurrencyGroup ?? "";
    for (const runId of [bench.runId, other]) {
      const ticket = { holder: `${runId}-a1`, backfill: false, requestedAt: "2026-01-01T00:00:00Z" };
      await fixture.ledger.slots.take(group, ticket);
      await fixture.ledger.runs.change(runId, () => ({ state: "failed" }));
    }
    const runs = failingFor(fixture.ledger.runs, "get", bench.runId);
    const pass = { ...fixture.pass, activities: bench.with({ ledger: { ...fixture.ledger, runs } }) };

    await expect(sweepSlots(pass)).rejects.toThrow(/items failed/);

    expect(await fixture.ledger.slots.inspect(group)).toEqual({ holder: `${bench.runId}-a1`, waiting: [] });
  });

  it("looks at the open runs and the slots of a definition that is gone, too", async () => {
    const { fixture } = bench;
    const requested = await fixtureRuns();
    const gone = { ...fixture.pass, definitions: new Map() };

    await sweepOpenRuns(gone);
    expect(fixture.starter.started).toContain(`${requested}-a1`);

    const ticket = { holder: `${bench.runId}-a1`, backfill: false, requestedAt: "2026-01-01T00:00:00Z" };
    await fixture.ledger.slots.take("group", ticket);
    await bench.close();
    await sweepSlots(gone);
    expect((await fixture.ledger.slots.inspect("group")).holder).toBeNull();
  });

  const fixtureRuns = async (): Promise<string> => {
    const other = await bench.fixture.openRun({ rerun: true });
    bench.fixture.starter.started.length = 0;
    bench.advance(120);
    return other;
  };
});

/** The same object, whose method throws when it is asked about one thing. */
function failingFor<T extends object>(real: T, method: keyof T & string, bad: string): T {
  return new Proxy(real, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        if (name === method && args[0] === bad) throw new Error("the storage is away");
        return (value as (...given: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}
