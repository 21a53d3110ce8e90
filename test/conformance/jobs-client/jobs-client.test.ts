import { createJobsClient, type DatabricksSignIn } from "../../../src/databricks/connect";
import type { JobsClient } from "../../../src/databricks/jobs-client";
import type { JobRun } from "../../../src/domain/job-run";
import { judgeRun } from "../../../src/domain/verdict";
import { DatabricksApiError, JobNotFoundError, RunNotFoundError } from "../../../src/errors";
import { FakeClock } from "../../support/fake-clock";
import { Bench, until } from "../../unit/databricks-server/harness";

/** Our client against the local Databricks: real HTTP, real states, faults caused by its switch. */

const bench = new Bench();
let clock: FakeClock;

const connect = (
  auth: DatabricksSignIn = { kind: "token", token: bench.token },
  over: { timeoutMs?: number; budgetMs?: number } = {},
): JobsClient =>
  createJobsClient({
    host: bench.url,
    auth,
    requestsPerSecond: 100,
    version: "0.0.1",
    clock,
    random: () => 0,
    ...over,
  });
const faults = async (...rules: object[]) => {
  const { status } = await bench.call("POST", "/internal/faults", { rules });
  expect(status).toBeLessThan(300);
};
const job = async (name: string, ...lines: string[]) => String(await bench.job(lines, { name }));
let tokens = 0;
const start = async (jobId: string, jobParameters: Record<string, string> = {}) =>
  connect().runNow({ jobId, idempotencyToken: `token-${++tokens}`, jobParameters });
const ended = async (runId: string): Promise<JobRun> =>
  until(
    async () => connect().getRun(runId),
    (run: JobRun) => judgeRun(run).kind !== "running",
  );

beforeAll(async () => {
  await bench.start();
});
beforeEach(() => {
  clock = new FakeClock();
});
afterEach(async () => {
  await bench.call("DELETE", "/internal/faults");
});
afterAll(async () => {
  await bench.remove();
});

describe("a run", () => {
  it("that exits is judged successful and gives its exit value", async () => {
    const jobId = await job("exits", 'exit: {"rows":1}');

    const run = await ended(await start(jobId, { run_id: "r-1" }));

    const verdict = judgeRun(run);
    expect(verdict).toMatchObject({ kind: "succeeded" });
    expect(run).toMatchObject({ jobId, jobParameters: { run_id: "r-1" }, url: expect.stringContaining("/run") });
    expect(run.endTimeMs).toBeGreaterThanOrEqual(run.startTimeMs ?? Infinity);
    const output = await connect().getTaskOutput(verdict.kind === "succeeded" ? verdict.taskRunId : "");
    expect(output).toEqual({ result: '{"rows":1}', truncated: false });
  });

  it("that raises is a code fault with a clean trace", async () => {
    const run = await ended(await start(await job("raises", "raise: ValueError: bad date")));

    const verdict = judgeRun(run);
    expect(verdict).toMatchObject({ kind: "failed", cause: "code", code: "RUN_EXECUTION_ERROR" });
    const output = await connect().getTaskOutput(verdict.kind === "failed" ? (verdict.taskRunId ?? "") : "");
    expect(output).toEqual({
      truncated: false,
      error: "ValueError: bad date",
      errorTrace: "Traceback\nValueError: bad date",
    });
  });

  it("whose driver dies is a platform fault", async () => {
    expect(judgeRun(await ended(await start(await job("driver", "driver-error"))))).toMatchObject({
      cause: "platform",
      code: "DRIVER_ERROR",
    });
  });

  it("that takes too long has timed out", async () => {
    const jobId = String(await bench.job(["sleep: 60000"], { name: "slow", timeout_seconds: 1 }));

    expect(judgeRun(await ended(await start(jobId)))).toMatchObject({ kind: "failed", cause: "timedOut" });
  });

  it("is cancelled once, however often one asks, and listed while it is active", async () => {
    const jobId = await job("long", "sleep: 60000");
    const runId = await start(jobId, { run_id: "r-2" });
    expect(await connect().listActiveRuns(jobId)).toMatchObject([{ runId, jobParameters: { run_id: "r-2" } }]);

    await connect().cancelRun(runId);
    await connect().cancelRun(runId);

    expect(judgeRun(await ended(runId))).toMatchObject({ kind: "failed", cause: "cancelled" });
    await connect().cancelRun(runId);
    expect(await connect().listActiveRuns(jobId)).toEqual([]);
    const { startTimeMs = 0 } = await connect().getRun(runId);
    const [before, after] = [new Date(startTimeMs - 60_000), new Date(startTimeMs + 60_000)];
    expect(await connect().listCompletedRuns(jobId, before)).toMatchObject([
      { runId, jobParameters: { run_id: "r-2" } },
    ]);
    expect(await connect().listCompletedRuns(jobId, after)).toEqual([]);
  });

  it("that was deleted is not found, and neither its token nor its cancel starts or breaks anything", async () => {
    const jobId = await job("gone", "exit: x");
    const request = { jobId, idempotencyToken: "token-gone", jobParameters: {} };
    const runId = await connect().runNow(request);
    await ended(runId);
    await bench.call("POST", "/api/2.2/jobs/runs/delete", { run_id: Number(runId) });

    await expect(connect().getRun(runId)).rejects.toThrow(RunNotFoundError);
    await expect(connect().runNow(request)).rejects.toThrow(RunNotFoundError);
    await expect(connect().cancelRun(runId)).resolves.toBeUndefined();
  });

  it("refuses to give output for the run of a job: that needs the task's id", async () => {
    const runId = await start(await job("output", "exit: x"));
    await ended(runId);

    await expect(connect().getTaskOutput(runId)).rejects.toMatchObject({
      status: 400,
      errorCode: "INVALID_PARAMETER_VALUE",
    });
  });
});

describe("the same idempotency token", () => {
  it.each(["503-after", "drop-after", "429", "drop-before"])(
    "leads to one run when the first answer is lost: %s",
    async (action) => {
      const jobId = await job(`once-${action}`, "sleep: 60000");
      await faults({ match: { path: "/run-now" }, action, times: 1, retryAfterSeconds: 3 });

      const request = { jobId, idempotencyToken: `once-${action}`, jobParameters: {} };
      const runId = await connect().runNow(request);

      expect(await connect().runNow(request)).toBe(runId);
      expect((await connect().listActiveRuns(jobId)).map((run) => run.runId)).toEqual([runId]);
      expect(clock.slept).toEqual([action === "429" ? 3000 : 1000]);
      await connect().cancelRun(runId);
    },
  );
});

describe("faults", () => {
  it("500 is told at once", async () => {
    await faults({ match: { path: "/runs/get" }, action: "500", times: 1 });

    await expect(connect().getRun("1")).rejects.toMatchObject({ name: "DatabricksApiError", status: 500 });
    expect(clock.slept).toEqual([]);
  });

  it("a slow answer is asked for again", async () => {
    const runId = await start(await job("slow-answer", "exit: x"));
    await faults({ match: { path: "/runs/get" }, action: "slow", delayMs: 1500, times: 1 });

    expect((await connect({ kind: "token", token: bench.token }, { timeoutMs: 300 }).getRun(runId)).runId).toBe(runId);
    expect(clock.slept).toEqual([1000]);
  });

  it("a wrong token is refused and not shown", async () => {
    const error: unknown = await connect({ kind: "token", token: "dapi-canary-0" })
      .findJobId("x")
      .catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(DatabricksApiError);
    expect(error).toMatchObject({ status: 401, message: expect.stringContaining("Check DATABRICKS_TOKEN.") });
    expect(JSON.stringify(error)).not.toContain("canary");
  });

  it("tokens that expire early are replaced once", async () => {
    const jobId = await job("oauth", "exit: x");
    const client = connect({ kind: "oauthM2M", clientId: "app", clientSecret: bench.token });
    expect(await client.findJobId("oauth")).toBe(jobId);
    await faults({ match: { path: "/jobs/list" }, action: "expire-tokens", times: 1 });

    expect(await client.findJobId("oauth")).toBe(jobId);
    expect(await client.findJobId("oauth")).toBe(jobId);
  });

  it("a wrong client secret is told with its setting", async () => {
    const client = connect({ kind: "oauthM2M", clientId: "app", clientSecret: "canary-secret" });

    await expect(client.findJobId("x")).rejects.toMatchObject({
      status: 401,
      message: expect.stringContaining("DATABRICKS_CLIENT_SECRET"),
    });
  });

  it("two jobs of one name, or none, are an error that says so", async () => {
    await job("twin", "exit: x");
    const other = await job("Twin", "exit: x");
    expect(await connect().findJobId("Twin")).toBe(other);
    await job("twin", "exit: x");

    await expect(connect().findJobId("twin")).rejects.toThrow(/2 jobs are named "twin"/);
    await expect(connect().findJobId("nobody")).rejects.toThrow(JobNotFoundError);
  });
});

describe("lists", () => {
  it("are read to their last page", async () => {
    const jobId = String(
      await bench.job(["sleep: 60000"], { name: "many", max_concurrent_runs: 1, queue: { enabled: true } }),
    );
    const started = await Promise.all(Array.from({ length: 30 }, async () => start(jobId)));

    const listed = (await connect().listActiveRuns(jobId)).map((run) => run.runId);

    expect(listed.sort()).toEqual([...started].sort());
    await bench.call("POST", "/api/2.2/jobs/runs/cancel-all", { job_id: Number(jobId), all_queued_runs: true });
    await Promise.all(listed.map(async (runId) => connect().cancelRun(runId)));
    await until(
      async () => connect().listActiveRuns(jobId),
      (runs: JobRun[]) => runs.length === 0,
    );
  });
});
