import { Bench, BUNDLE } from "./harness";

const bench = new Bench();
beforeAll(async () => bench.start({ bundleDir: BUNDLE, maxConcurrentTasks: 4 }));
afterAll(async () => bench.remove());

describe("idempotency tokens", () => {
  it("returns the old run, even when it failed", async () => {
    const jobId = await bench.job(["raise X: y"]);

    const first = await bench.runNow(jobId, { idempotency_token: "token-1" });
    await bench.ended(first);
    const second = await bench.runNow(jobId, { idempotency_token: "token-1" });

    expect(second).toBe(first);
  });

  it("makes one run of a run-now whose answer was lost", async () => {
    const jobId = await bench.job(["exit"]);
    await bench.call("POST", "/internal/faults", { match: { path: "/run-now" }, times: 1, action: "503-after" });

    const lost = await bench.call("POST", "/api/2.2/jobs/run-now", { job_id: jobId, idempotency_token: "token-2" });
    const runId = await bench.runNow(jobId, { idempotency_token: "token-2" });

    expect(lost.status).toBe(503);
    const { body } = await bench.call("GET", `/api/2.2/jobs/runs/list?job_id=${jobId}`);
    expect(body.runs.map((run) => run.run_id)).toEqual([runId]);
  });

  it("refuses tokens over 64 characters, and those of deleted runs", async () => {
    const jobId = await bench.job(["exit"]);
    const runId = await bench.runNow(jobId, { idempotency_token: "token-3" });
    await bench.ended(runId);
    await bench.call("POST", "/api/2.2/jobs/runs/delete", { run_id: runId });

    const long = await bench.call("POST", "/api/2.2/jobs/run-now", {
      job_id: jobId,
      idempotency_token: "x".repeat(65),
    });
    const deleted = await bench.call("POST", "/api/2.2/jobs/run-now", { job_id: jobId, idempotency_token: "token-3" });

    expect([long.status, deleted.status]).toEqual([400, 400]);
    expect(deleted.body.message).toContain("deleted");
  });
});

describe("cancel", () => {
  it("shows TERMINATING until the notebook is dead, then CANCELED", async () => {
    const runId = await bench.runNow(await bench.job(["sleep 60000"]));
    await bench.until(runId, (run) => run.state.life_cycle_state === "RUNNING");

    await bench.call("POST", "/api/2.2/jobs/runs/cancel", { run_id: runId });

    expect((await bench.run(runId)).state.life_cycle_state).toBe("TERMINATING");
    const run = await bench.ended(runId);
    expect(run.state).toMatchObject({
      life_cycle_state: "TERMINATED",
      result_state: "CANCELED",
      user_cancelled_or_timedout: true,
    });
    expect(run.status.termination_details.code).toBe("USER_CANCELED");
  });

  it("is no-op for an ended run and 400 for an unknown one", async () => {
    const runId = await bench.runNow(await bench.job(["exit"]));
    await bench.ended(runId);

    const again = await bench.call("POST", "/api/2.2/jobs/runs/cancel", { run_id: runId });
    const unknown = await bench.call("POST", "/api/2.2/jobs/runs/cancel", { run_id: 7 });

    expect(again.status).toBe(200);
    expect((await bench.run(runId)).state.result_state).toBe("SUCCESS");
    expect(unknown).toMatchObject({
      status: 400,
      body: { error_code: "INVALID_PARAMETER_VALUE", message: "Run 7 does not exist." },
    });
  });

  it("ends all open runs of a job, queued ones at once", async () => {
    const jobId = await bench.job(["sleep 60000"]);
    const runIds = [await bench.runNow(jobId), await bench.runNow(jobId)];
    expect((await bench.run(runIds[1]!)).state.life_cycle_state).toBe("QUEUED");

    await bench.call("POST", "/api/2.2/jobs/runs/cancel-all", { job_id: jobId });

    const runs = await Promise.all(runIds.map(async (id) => bench.ended(id)));
    expect(runs.map((run) => run.state.result_state)).toEqual(["CANCELED", "CANCELED"]);
  });
});

describe("concurrency", () => {
  it("queues the excess run of a 2.2 job and starts it when the first has ended", async () => {
    const jobId = await bench.job(["sleep 200", "exit"]);
    const first = await bench.runNow(jobId);
    const second = await bench.runNow(jobId);

    const queued = await bench.run(second);
    const [a, b] = [await bench.ended(first), await bench.ended(second)];

    expect(queued.status).toMatchObject({ state: "QUEUED", queue_details: { code: "MAX_CONCURRENT_RUNS_REACHED" } });
    expect(b.tasks[0].start_time).toBeGreaterThanOrEqual(a.tasks[0].end_time);
    expect(b.state.result_state).toBe("SUCCESS");
  });

  it("skips every run of a job whose max_concurrent_runs is 0, queue or not", async () => {
    const jobId = await bench.job(["exit"], { max_concurrent_runs: 0, queue: { enabled: true } });

    const run = await bench.run(await bench.runNow(jobId));

    expect(run.status.termination_details.code).toBe("MAX_CONCURRENT_RUNS_EXCEEDED");
  });

  it("starts queued runs in their order, as many as may run at once", async () => {
    const jobId = await bench.job(["sleep 150", "exit"], { max_concurrent_runs: 2 });
    const runIds = [];
    for (let index = 0; index < 6; index += 1) runIds.push(await bench.runNow(jobId));

    const runs = await Promise.all(runIds.map(async (id) => bench.ended(id)));

    const starts = runs.map((run) => run.start_time);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    for (const [index, run] of runs.slice(2).entries()) {
      const earlier = runs.slice(0, index + 2).filter((other) => other.end_time > run.start_time);
      expect(earlier.length).toBeLessThan(2);
    }
  });

  it("skips the excess run of a job without queue", async () => {
    const jobId = await bench.job(["sleep 300"], { queue: { enabled: false } });
    await bench.runNow(jobId);

    const run = await bench.run(await bench.runNow(jobId));

    expect(run.state.life_cycle_state).toBe("SKIPPED");
    expect(run.state).not.toHaveProperty("result_state");
    expect(run.status).toMatchObject({
      state: "TERMINATED",
      termination_details: { code: "MAX_CONCURRENT_RUNS_EXCEEDED" },
    });
  });
});
