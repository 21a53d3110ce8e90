import { createCancelStep } from "../../../src/activities/cancel-step";
import { createPollStep } from "../../../src/activities/poll-step";
import { createStartStep } from "../../../src/activities/start-step";
import { createJobsClient } from "../../../src/databricks/connect";
import type { StepResult, Stopping } from "../../../src/domain/activity-types";
import { costOf } from "../../../src/domain/cost";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { Bench, until } from "../databricks-server/harness";

/** Steps that are tasks of one Databricks run, by the real activities, on the local Databricks. */

const storage = useAzurite();
const STEPS = ["ingestion", "scoring"];
let bench: Bench;
let fixture: ActivityFixture;
let runId: string;
let jobId: number;

const exit = (step: string, over: object = {}) => {
  const manifest = { filesListed: 0, filesRead: 0, filesQuarantined: 0, rowsRead: 0, rowsAccepted: 0, rowsQuarantined: 0, rowsDuplicate: 0 }; // prettier-ignore
  const value = {
    schemaVersion: 1,
    step,
    runId,
    status: "ok",
    reason: null,
    counts: manifest,
    tables: {},
    warnings: [],
  };
  return `exit ${JSON.stringify({ ...value, ...over })}`;
};
/** Makes the job, whose tasks do what is given. */
const job = async (...commands: string[]) => {
  const tasks = STEPS.map((task_key, index) => ({
    task_key,
    depends_on: index === 0 ? [] : [{ task_key: STEPS[index - 1] }],
    notebook_task: { notebook_path: bench.notebook(task_key, commands[index] ?? exit(task_key)) },
  }));
  jobId = (await bench.call("POST", "/api/2.2/jobs/create", { name: "shared", tasks })).body.job_id;
};
const runs = async () => {
  const { body } = await bench.call("GET", `/api/2.2/jobs/runs/list?job_id=${jobId}&expand_tasks=true`);
  return [...(body.runs ?? [])].reverse().map(({ run_id, tasks }) => ({ run_id, tasks: tasks.map((t) => t.task_key) }));
};
const at = (ordinal: number, generation = 0, attempt = 1) => ({ runId, attempt, ordinal, generation });
const start = async (...place: Parameters<typeof at>) =>
  createStartStep(fixture.activities)(at(...place), fixture.context);
const poll = async (stopping: Stopping | null, ...place: Parameters<typeof at>): Promise<StepResult> =>
  createPollStep(fixture.activities)({ ...at(...place), stopping }, fixture.context);
/** Starts a generation and looks at it until it has ended. */
const run = async (...place: Parameters<typeof at>) => {
  expect(await start(...place)).toMatchObject({ kind: "running" });
  return until(
    async () => poll(null, ...place),
    ({ kind }) => kind === "ended",
  );
};
const records = async () => fixture.ledger.generations.list(runId);

beforeEach(async () => {
  bench = new Bench();
  await bench.start();
  const auth = { kind: "token", token: bench.token } as const;
  const jobs = createJobsClient({ host: bench.url, auth, requestsPerSecond: 100, version: "0", budgetMs: 1 });
  fixture = await createActivityFixture(storage.connectionString, jobs, { sharedJob: "shared" });
  runId = await fixture.openRun();
});
afterEach(async () => bench.remove());

it("one Databricks run serves all steps, and each is judged by its own task", async () => {
  await job(exit("ingestion"), exit("scoring", { status: "not_ready", reason: "no champion model" }));

  expect(await run(0)).toMatchObject({ outcome: { kind: "succeeded", status: "ok" } });
  expect(await run(1)).toMatchObject({ outcome: { kind: "succeeded", status: "not_ready" } });

  const [only, ...more] = await runs();
  expect([only?.tasks, more]).toEqual([STEPS, []]);
  const [first, second] = await records();
  expect([first?.exit?.step, second?.exit?.step]).toEqual(STEPS);
  expect([first?.databricksRunId, second?.databricksRunId]).toEqual(Array(2).fill(String(only?.run_id)));
  expect(first?.taskRunId).not.toBe(second?.taskRunId);
  // The run stays that of the step that started it (I3).
  expect(await fixture.ledger.generations.ownerOf(String(only?.run_id))).toMatchObject({ ordinal: 0 });
});

it("no second of the run is counted twice", async () => {
  await job(`sleep 700\n${exit("ingestion")}`);
  await run(0);
  await run(1);

  const generations = await records();
  const whole = await bench.run(Number(generations[0]?.databricksRunId));
  const { databricksSeconds } = costOf([{ name: "x", job: "x", dbuPerHour: 1, state: "succeeded", generations }]);
  expect(databricksSeconds).toBeGreaterThanOrEqual(0.7);
  expect(databricksSeconds).toBeLessThanOrEqual((whole.end_time - whole.start_time) / 1000);
});

it("no step has ended while any task of the run is active (I6)", async () => {
  await job(exit("ingestion"), "sleep 60000");
  await start(0);
  await until(
    async () => (await runs())[0],
    (found) => found !== undefined,
  );
  const [first] = await records();
  await bench.until(Number(first?.databricksRunId), ({ tasks }) => tasks[0]?.state.result_state === "SUCCESS");

  expect(await poll(null, 0)).toMatchObject({ kind: "running" });
  expect((await records())[0]).toMatchObject({ terminal: false, verdict: null });
});

it("a task that fails leaves the steps before it, and is repeated with those after it alone", async () => {
  await job(exit("ingestion"), "driver-error");
  expect(await run(0)).toMatchObject({ outcome: { kind: "succeeded" } });
  expect(await run(1)).toMatchObject({ outcome: { kind: "failed", cause: "platform" } });
  bench.notebook("scoring", exit("scoring"));

  expect(await run(1, 1)).toMatchObject({ outcome: { kind: "succeeded" } });
  expect((await runs()).map(({ tasks }) => tasks)).toEqual([STEPS, ["scoring"]]);
});

it("an exit JSON that proves nothing fails its step, whatever the tasks after it did (I5)", async () => {
  await job(exit("ingestion", { runId: "another" }));

  expect(await run(0)).toMatchObject({ outcome: { kind: "failed", code: "EXIT_JSON_FOREIGN" } });
});

it("a run that the app asked to end is not carried on", async () => {
  await job(exit("ingestion"), "sleep 60000");
  await start(0);
  const [first] = await records();
  await bench.until(Number(first?.databricksRunId), ({ tasks }) => tasks[0]?.state.result_state === "SUCCESS");
  await createCancelStep(fixture.activities)(at(0), fixture.context);
  const ended = await until(
    async () => poll("timedOut", 0),
    ({ kind }) => kind === "ended",
  );
  bench.notebook("scoring", exit("scoring"));

  expect(ended).toMatchObject({ outcome: { kind: "succeeded" } });
  expect(await run(1)).toMatchObject({ outcome: { kind: "succeeded" } });
  expect((await runs()).map(({ tasks }) => tasks)).toEqual([STEPS, ["scoring"]]);
});

it("a step that a person repeats has a run of its own, and two looks at once share one", async () => {
  await job();
  await run(0);
  await fixture.ledger.runs.change(runId, () => ({ attempt: 2 }));

  await Promise.all([start(1, 0, 2), start(1, 0, 2)]);
  expect(await run(1, 0, 2)).toMatchObject({ outcome: { kind: "succeeded" } });
  expect((await runs()).map(({ tasks }) => tasks)).toEqual([STEPS, ["scoring"]]);
});
