import type { JobsClient } from "../../../src/databricks/jobs-client";
import type { NewRow, TablePort } from "../../../src/ledger/ports";
import { useAzurite } from "../../support/azurite";
import { StepBench } from "../../support/step-bench";

/** Terminal, deleted and never started are recorded on proof alone. */

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

describe("a run-now that may have been carried out", () => {
  it.each([400, 401, 403, 404, 409, 418])("is not settled by a %d of its repeat", async (status) => {
    bench.server.faults.push({ path: RUN_NOW, status: 503 }, { path: RUN_NOW, status });

    expect(await bench.startStep()).toMatchObject({ kind: "wait" });
    expect(await bench.startStep()).toMatchObject({ kind: "wait" });
    expect(await bench.record()).toMatchObject({ databricksRunId: null, terminal: false, verdict: null });
    expect(await bench.startStep()).toMatchObject({ kind: "running" });

    expect(bench.server.runs).toHaveLength(1);
    expect(await bench.record()).toMatchObject({ databricksRunId: "1000" });
  });

  it("is not settled by a refusal that the client met while it repeated the call itself", async () => {
    await bench.stop();
    bench = await StepBench.start(storage.connectionString, 20_000);
    bench.server.faults.push({ path: RUN_NOW, status: 503 }, { path: RUN_NOW, status: 403 });

    expect(await bench.startStep()).toMatchObject({ kind: "wait" });
    expect(await bench.record()).toMatchObject({ submissions: 1, refusals: 0, terminal: false });

    expect(await bench.startStep()).toMatchObject({ kind: "running" });
  });

  it("is not settled by an answer that is no JSON", async () => {
    bench.server.faults.push({ path: RUN_NOW, status: 200, body: "<html>sign in</html>" });

    expect(await bench.startStep()).toMatchObject({ kind: "wait" });
    expect(await bench.startStep()).toMatchObject({ kind: "running" });

    expect(bench.server.runs).toHaveLength(1);
  });

  it("is not settled by the refusal of a later call that storage took twice", async () => {
    await bench.stop();
    // Storage takes each write of refusals, loses the answer, and answers the repeat of the SDK as a conflict.
    const merge = (port: TablePort) => async (row: NewRow, expected: string) =>
      (await port.merge(row, expected)) && !("refusals" in row);
    const table = (port: TablePort) => Object.assign(Object.create(port) as TablePort, { merge: merge(port) });
    bench = await StepBench.start(storage.connectionString, 1, { table });
    bench.server.faults.push({ path: RUN_NOW, status: 503 }, { path: RUN_NOW, status: 404, body: "<html>" });

    expect(await bench.startStep()).toMatchObject({ kind: "wait" });
    expect(await bench.startStep()).toMatchObject({ kind: "wait" });

    expect(await bench.record()).toMatchObject({ submissions: 2, refusals: 1, verdict: null });
    expect(await bench.startStep()).toMatchObject({ kind: "running" });
  });

  it("is settled by its id when the run ended before anybody saw it", async () => {
    bench.server.faults.push({ path: RUN_NOW, status: 503 });
    await bench.startStep();

    expect(await bench.settle()).toEqual({ remaining: 0 });

    expect(await bench.record()).toMatchObject({ databricksRunId: "1000", verdict: { code: "RESULT_NOT_READ" } });
  });

  it("is found and cancelled when the list shows it late, and does not name its parameters", async () => {
    bench.behaviour = { end: "hang" };
    bench.server.listsParameters = false;
    bench.server.faults.push({ path: RUN_NOW, status: 503 });
    await bench.startStep();
    bench.server.unlisted.add(1000);
    expect(await bench.settled({ everySeconds: 60, looks: 4 })).toBeNull();

    bench.server.unlisted.clear();
    expect(await bench.settled({ everySeconds: 1, looks: 3 })).not.toBeNull();

    expect(bench.cancelled()).toEqual([true]);
    expect(await bench.record()).toMatchObject({ databricksRunId: "1000", resultState: "CANCELED" });
  });

  it("is over when no look over minutes shows a run, and is not called never started: a person may have deleted it", async () => {
    bench.server.faults.push({ path: RUN_NOW, status: 503 });
    await bench.startStep();
    bench.server.runs.length = 0;

    const looks = await bench.settled({ everySeconds: 30, looks: 30 });

    expect(looks).toBeGreaterThan(6);
    expect(await bench.record()).toMatchObject({ terminal: true, verdict: { code: "RUN_NOT_SEEN" } });
  });

  it("is not over by a look that began too early and stood still until later", async () => {
    bench.server.faults.push({ path: RUN_NOW, status: 503 });
    await bench.startStep();
    bench.server.unlisted.add(1000);
    expect(
      await bench.until(async () => (await bench.settle()).remaining === 0, { everySeconds: 10, looks: 3 }),
    ).toBeNull();
    const listCompletedRuns: JobsClient["listCompletedRuns"] = async (...asked) => {
      const listed = await bench.jobs.listCompletedRuns(...asked);
      bench.advance(3600);
      return listed;
    };
    const jobs = Object.assign(Object.create(bench.jobs) as JobsClient, { listCompletedRuns });

    expect(await bench.settle(bench.with({ jobs }))).toEqual({ remaining: 1 });

    bench.server.unlisted.clear();
    expect(await bench.settle()).toEqual({ remaining: 0 });
    expect(await bench.record()).toMatchObject({ databricksRunId: "1000" });
  });

  it("is a deleted run when its token keeps saying so for minutes", async () => {
    bench.server.faults.push({ path: RUN_NOW, status: 503 });
    await bench.startStep();
    bench.server.runs.length = 0;
    bench.server.faults.push({ path: RUN_NOW, status: 400, body: NOT_THERE, times: 100 });

    expect(await bench.startStep()).toMatchObject({ kind: "wait" });
    const ended = async () => (await bench.startStep()).kind === "ended";

    expect(await bench.until(ended, { everySeconds: 60, looks: 10 })).toBeGreaterThan(2);
    expect(await bench.record()).toMatchObject({ verdict: { cause: "deleted" } });
  });
});

describe("a run-now that was certainly not carried out", () => {
  it("ends the step at once when Databricks refuses it the first time", async () => {
    bench.server.faults.push({ path: RUN_NOW, status: 403 });

    expect(await bench.startStep()).toMatchObject({ kind: "ended", outcome: { cause: "configuration" } });
    expect(await bench.record()).toMatchObject({ terminal: true, submissions: 1, refusals: 1 });
  });

  it("is never started at once when nothing was sent", async () => {
    const { ledger } = bench.fixture;
    const intent = {
      step: "ingestion",
      job: "job-ingestion",
      idempotencyToken: "t",
      intendedAt: "2026-01-01T00:00:00Z",
    };
    await ledger.generations.intend({ ...bench.step(), ...intent });

    expect(await bench.settle()).toEqual({ remaining: 0 });
    expect(await bench.record()).toMatchObject({ verdict: { code: "NEVER_STARTED" } });
  });

  it("is not sent when the run was closed after the intent", async () => {
    const { jobs } = bench;
    const closing = {
      ...jobs,
      findJobId: async (name: string) => {
        await bench.close();
        return jobs.findJobId(name);
      },
    };

    expect(await bench.startStep(bench.step(), bench.with({ jobs: closing }))).toMatchObject({
      kind: "ended",
      outcome: { cause: "cancelled" },
    });

    expect(bench.server.runs).toEqual([]);
    expect(await bench.settle()).toEqual({ remaining: 0 });
  });

  it("is not sent for a generation that was settled before the call", async () => {
    const { jobs } = bench;
    const settling = {
      ...jobs,
      findJobId: async (name: string) => {
        await bench.settle();
        return jobs.findJobId(name);
      },
    };

    expect(await bench.startStep(bench.step(), bench.with({ jobs: settling }))).toMatchObject({
      outcome: { code: "NEVER_STARTED" },
    });
    expect(bench.server.runs).toEqual([]);
  });
});
