import { Bench, BUNDLE } from "./harness";

const bench = new Bench();
beforeAll(async () => bench.start({ bundleDir: BUNDLE, maxConcurrentTasks: 4 }));
afterAll(async () => bench.remove());

describe("golden shapes", () => {
  it("shows a success at both levels, in both forms", async () => {
    const run = await bench.ended(await bench.runNow(await bench.job(['exit {"rows":10}'])));

    expect(run).toMatchObject({
      run_type: "JOB_RUN",
      number_in_job: run.run_id,
      format: "MULTI_TASK",
      setup_duration: 0,
      execution_duration: 0,
    });
    for (const level of [run, run.tasks[0]]) {
      expect(level.state).toEqual({
        life_cycle_state: "TERMINATED",
        result_state: "SUCCESS",
        state_message: "",
        user_cancelled_or_timedout: false,
      });
      expect(level.status).toEqual({
        state: "TERMINATED",
        termination_details: { code: "SUCCESS", type: "SUCCESS", message: "" },
      });
    }
    expect(run.end_time).toBeGreaterThanOrEqual(run.start_time);
    expect(run.run_id).toBeLessThan(2 ** 53);
    const output = await bench.output(run.run_id);
    expect(output.notebook_output).toEqual({ result: '{"rows":10}', truncated: false });
    expect(output.metadata).toMatchObject({
      run_id: run.tasks[0].run_id,
      parent_run_id: run.run_id,
      job_run_id: run.run_id,
      task_key: "main",
    });
    expect(output).not.toHaveProperty("error");
  });

  it("shows a notebook that raised as INTERNAL_ERROR/FAILED above TERMINATED/FAILED, blamed on the client", async () => {
    const run = await bench.ended(await bench.runNow(await bench.job(["raise ValueError: bad date"])));

    const message = "Task main failed with message: Workload failed, see run output for details.";
    expect(run.state).toEqual({
      life_cycle_state: "INTERNAL_ERROR",
      result_state: "FAILED",
      state_message: message,
      user_cancelled_or_timedout: false,
    });
    expect(run.status).toEqual({
      state: "TERMINATED",
      termination_details: { code: "RUN_EXECUTION_ERROR", type: "CLIENT_ERROR", message },
    });
    expect(run.tasks[0].state).toMatchObject({ life_cycle_state: "TERMINATED", result_state: "FAILED" });
    const output = await bench.output(run.run_id);
    expect(output).toMatchObject({ error: "ValueError: bad date", notebook_output: {} });
    expect(output.error_trace).toContain("\u001b[0;31mTraceback");
  });

  it("shows a lost driver as a platform fault", async () => {
    const run = await bench.ended(await bench.runNow(await bench.job(["driver-error"])));

    expect(run.status.termination_details).toMatchObject({ code: "DRIVER_ERROR", type: "INTERNAL_ERROR" });
    expect(run.tasks[0].state).toMatchObject({ life_cycle_state: "INTERNAL_ERROR", result_state: "FAILED" });
  });

  it("shows a notebook that is not there", async () => {
    const jobId = await bench.job([], {}, { notebook_task: { notebook_path: "/Shared/nowhere" } });

    const run = await bench.ended(await bench.runNow(jobId));

    expect(run.status.termination_details).toMatchObject({ code: "RESOURCE_NOT_FOUND", type: "CLIENT_ERROR" });
    expect(run.state.state_message).toContain('Unable to access the notebook "/Shared/nowhere"');
  });

  it("answers get-output of a job run with 400", async () => {
    const run = await bench.ended(await bench.runNow(await bench.job(["exit"])));

    const answer = await bench.call("GET", `/api/2.2/jobs/runs/get-output?run_id=${run.run_id}`);

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({
      error_code: "INVALID_PARAMETER_VALUE",
      message: expect.stringContaining("Please retrieve the output of each individual task run"),
    });
  });

  it("cuts exit values at 5 MB", async () => {
    const run = await bench.ended(await bench.runNow(await bench.job(["big 6000000"])));

    const { notebook_output: output } = await bench.output(run.run_id);

    expect(output.truncated).toBe(true);
    expect(output.result).toHaveLength(5 * 1024 * 1024);
  });
});

describe("parameters", () => {
  it("lets job parameters beat notebook_params, and those base_parameters; all are strings", async () => {
    const notebook = bench.notebook("echo", "echo");
    const task = {
      notebook_task: {
        notebook_path: notebook,
        base_parameters: { a: "base", b: "base", c: "base", run: "{{job.run_id}}", odd: "{{nothing.here}}" },
      },
    };
    const jobId = await bench.job(
      [],
      {
        parameters: [
          { name: "a", default: "job" },
          { name: "d", default: "job" },
        ],
      },
      task,
    );

    const runId = await bench.runNow(jobId, {
      job_parameters: { d: 7 },
      notebook_params: { a: "legacy", b: "legacy" },
    });
    await bench.ended(runId);

    const { notebook_output: output } = await bench.output(runId);
    expect(JSON.parse(output.result)).toEqual({
      a: "job",
      b: "legacy",
      c: "base",
      d: "7",
      run: String(runId),
      odd: "{{nothing.here}}",
    });
    expect((await bench.run(runId)).job_parameters).toEqual([
      { name: "a", default: "job", value: "job" },
      { name: "d", default: "job", value: "7" },
    ]);
  });

  it("refuses notebook_params over 10,000 bytes", async () => {
    const answer = await bench.call("POST", "/api/2.2/jobs/run-now", {
      job_id: await bench.job(["exit"]),
      notebook_params: { a: "x".repeat(10_000) },
    });

    expect(answer.status).toBe(400);
    expect(answer.body.error_code).toBe("INVALID_PARAMETER_VALUE");
  });

  it.each([
    ["jar_params", ["a"]],
    ["python_named_params", { a: "b" }],
    ["sql_params", { a: "b" }],
    ["pipeline_params", { full_refresh: true }],
  ])("refuses %s, which no notebook would read", async (name, value) => {
    const jobId = await bench.job(["exit"]);

    const answer = await bench.call("POST", "/api/2.2/jobs/run-now", { job_id: jobId, [name]: value });

    expect([answer.status, answer.body.error_code]).toEqual([400, "INVALID_PARAMETER_VALUE"]);
    expect(answer.body.message).toContain(name);
  });

  it("accepts Airflow's ways: numeric strings, empty legacy lists, a GET with a JSON body, task run ids", async () => {
    const jobId = await bench.job(["exit"]);
    const body = {
      job_id: String(jobId),
      jar_params: [],
      notebook_params: {},
      python_params: [],
      spark_submit_params: [],
    };

    const started = await bench.call("POST", "/api/2.1/jobs/run-now", body);
    const run = await bench.ended(started.body.run_id);
    const task = await bench.run(run.tasks[0].run_id);

    expect(task).toMatchObject({
      run_id: run.tasks[0].run_id,
      state: run.tasks[0].state,
      run_page_url: expect.stringContaining("/jobs/"),
    });
    expect(task.tasks).toHaveLength(1);
  });

  it("takes a submitted run in the old shape, whose task is named after the run", async () => {
    const body = {
      run_name: "ask",
      notebook_task: { notebook_path: bench.notebook("old", "exit 1") },
      timeout_seconds: 0,
      existing_cluster_id: "x",
    };

    const { body: started } = await bench.call("POST", "/api/2.1/jobs/runs/submit", body);
    const run = await bench.ended(started.run_id);

    expect(run).toMatchObject({ run_type: "SUBMIT_RUN", run_name: "ask", state: { result_state: "SUCCESS" } });
    expect(run.tasks[0].task_key).toBe("ask");
  });
});

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
