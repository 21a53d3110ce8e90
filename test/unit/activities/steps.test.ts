import { createPollStep } from "../../../src/activities/poll-step";
import { settleRun } from "../../../src/runs/settle-run";
import { createStartStep } from "../../../src/activities/start-step";
import { sweepGenerations } from "../../../src/sweeps/databricks-runs";
import { sweepOpenRuns } from "../../../src/sweeps/open-runs";
import { createJobsClient } from "../../../src/databricks/connect";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { FakeJobs, type FakeBehaviour } from "../../../local/fake-jobs";

const storage = useAzurite();
let fixture: ActivityFixture;
let server: FakeJobs;
let behaviour: FakeBehaviour;
let runId: string;

beforeEach(async () => {
  behaviour = { delayMs: 0 };
  server = new FakeJobs(["job-ingestion", "job-scoring"], () => behaviour);
  const host = await server.start();
  const jobs = createJobsClient({
    host,
    auth: { kind: "token", token: "t" },
    requestsPerSecond: 100,
    version: "0",
    budgetMs: 1,
  });
  fixture = await createActivityFixture(storage.connectionString, jobs);
  runId = await fixture.openRun();
});

afterEach(async () => {
  await server.stop();
});

const step = (generation = 0) => ({ runId, attempt: 1, ordinal: 0, generation });
const start = (generation = 0) => createStartStep(fixture.activities)(step(generation), fixture.context);
const poll = () => createPollStep(fixture.activities)({ ...step(), stopping: null }, fixture.context);
const settle = () => settleRun(fixture.activities, { runId, attempt: 1 });
const record = async () => (await fixture.ledger.generations.list(runId)).at(-1);
const close = () => fixture.ledger.runs.change(runId, () => ({ state: "failed" }));

/** A run of the same job that somebody else started. */
const stranger = async (parameters: Record<string, string>): Promise<void> => {
  const { jobs } = fixture.activities;
  const jobId = await jobs.findJobId("job-ingestion");
  await jobs.runNow({ jobId, idempotencyToken: `stranger-${server.runs.length}`, jobParameters: parameters });
};

describe("startStep", () => {
  it("starts one Databricks run however often and however close together it is executed", async () => {
    const answers = await Promise.all([start(), start(), start()]);
    await start();

    expect(answers.map((answer) => answer.kind)).toEqual(["running", "running", "running"]);
    expect(server.runs).toHaveLength(1);
    expect(server.runs[0]?.parameters).toMatchObject({
      run_id: runId,
      manifest_path: `batches/${runId}/manifest.json`,
      window_start: "",
      deployment_id: "test",
    });
    expect(await record()).toMatchObject({ databricksRunId: "1000", terminal: false });
  });

  it("has the intent in the ledger when the call fails, and uses its token again", async () => {
    server.faults.push({ path: "run-now", status: "drop" });

    expect(await start()).toMatchObject({ kind: "wait" });
    expect(await record()).toMatchObject({ databricksRunId: null, lastFault: expect.stringMatching(/./) });
    expect(await start()).toMatchObject({ kind: "running" });

    expect(server.runs).toHaveLength(1);
  });

  it("names the job that is not there", async () => {
    await server.stop();
    server = new FakeJobs(["other"], () => behaviour);
    const host = await server.start();
    const jobs = createJobsClient({
      host,
      auth: { kind: "token", token: "t" },
      requestsPerSecond: 100,
      version: "0",
      budgetMs: 1,
    });

    const answer = await createStartStep({ ...fixture.activities, jobs })(step(), fixture.context);

    expect(answer).toMatchObject({ kind: "ended", outcome: { cause: "configuration", code: "JOB_NOT_FOUND" } });
    expect(JSON.stringify(answer)).toContain("job-ingestion");
  });

  it("holds every process back after a 429 for as long as Databricks asked", async () => {
    server.faults.push({ path: "list", status: 429, headers: { "retry-after": "60" } });

    expect(await start()).toMatchObject({ kind: "wait", seconds: 60 });
    const before = server.requests;
    fixture.clock.advance(59_000);
    expect(await start()).toMatchObject({ kind: "wait", seconds: 1 });
    expect(server.requests).toBe(before);
    fixture.clock.advance(1_000);

    expect(await start()).toMatchObject({ kind: "running" });
  });

  it("starts nothing for a run that is closed or about to be cancelled", async () => {
    await fixture.activities.requests.cancelRun(runId, fixture.starter);
    expect(await start()).toMatchObject({ kind: "ended", outcome: { cause: "cancelled" } });
    await close();

    expect(await start(1)).toMatchObject({ kind: "ended", outcome: { cause: "cancelled" } });
    expect(server.runs).toEqual([]);
  });
});

describe("pollStep", () => {
  it("keeps its verdict when it is executed again", async () => {
    await start();

    const first = await poll();
    server.runs[0]!.deleted = true;

    expect(first).toMatchObject({ kind: "ended", outcome: { kind: "succeeded", status: "ok" } });
    expect(await poll()).toEqual(first);
    expect(await record()).toMatchObject({ terminal: true, status: "ok", exit: { step: "ingestion", runId } });
  });

  it("survives errors of the API: a failed read is no failed run", async () => {
    await start();
    server.faults.push(
      { path: "runs/get", status: 500 },
      { path: "runs/get", status: "drop" },
      { path: "runs/get", status: 401 },
      { path: "runs/get", status: 401 },
    );

    const kinds: string[] = [];
    for (let look = 0; look < 6 && kinds.at(-1) !== "ended"; look += 1) kinds.push((await poll()).kind);

    expect(kinds.slice(0, 3)).toEqual(["wait", "wait", "wait"]);
    expect(kinds.at(-1)).toBe("ended");
  });
});

describe("settleRun", () => {
  it("cancels what runs and is done only when it is terminal", async () => {
    behaviour = { end: "hang", cancelMs: 300 };
    await start();

    expect(await settle()).toEqual({ remaining: 1 });
    await new Promise((resolve) => setTimeout(resolve, 400));

    expect(await settle()).toEqual({ remaining: 0 });
    expect(await record()).toMatchObject({ terminal: true, resultState: "CANCELED", verdict: { cause: "cancelled" } });
  });

  it("finds a run whose start was never answered, and leaves a stranger's alone", async () => {
    behaviour = { end: "hang" };
    await stranger({ run_id: "scoring-20010101t000000-00000000" });
    server.faults.push({ path: "run-now", status: "drop" });
    await start();

    await settle();
    expect(await settle()).toEqual({ remaining: 0 });

    expect(server.runs.map((run) => run.cancelledAt !== null)).toEqual([false, true]);
    expect(await record()).toMatchObject({ databricksRunId: "1010" });
  });
});

describe("the sweeper", () => {
  it("ends the Databricks run of an orchestration that was terminated before it closes the run", async () => {
    behaviour = { end: "hang", cancelMs: 300 };
    await start();
    fixture.starter.started.length = 0;
    fixture.clock.advance(60_000);
    await fixture.ledger.runs.change(runId, () => ({ state: "running" }));

    await sweepOpenRuns(fixture.pass);
    expect((await fixture.ledger.runs.get(runId))?.state).toBe("running");
    await new Promise((resolve) => setTimeout(resolve, 400));
    await sweepOpenRuns(fixture.pass);

    expect(await fixture.ledger.runs.get(runId)).toMatchObject({
      state: "failed",
      error: { code: "ORCHESTRATION_LOST" },
    });
    expect(server.active()).toEqual([]);
  });

  it("ends what a late start left behind for a run that is closed", async () => {
    behaviour = { end: "hang" };
    await start();
    await close();

    await sweepGenerations(fixture.pass);
    await sweepGenerations(fixture.pass);

    expect(server.active()).toEqual([]);
    expect(await record()).toMatchObject({ terminal: true });
  });
});

it("a failed notebook is recorded with its cell, message and the end of its trace, and shown so", async () => {
  behaviour = { end: "code", delayMs: 0 };
  await start();
  const waiting = (await fixture.activities.requests.getRun(runId))?.waiting;

  await poll();

  const trace = "ValueError  Traceback\nFile <command-7>, line 3\n----> 3 boom()\nValueError: boom";
  expect(await record()).toMatchObject({ error: { message: "ValueError: boom", cell: "cell 7, line 3", trace } });
  // The run has no slot here: what a queued or requested one waits for is told first.
  expect(waiting).toMatchObject({ for: "its orchestration to start" });
});
