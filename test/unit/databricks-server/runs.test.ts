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
