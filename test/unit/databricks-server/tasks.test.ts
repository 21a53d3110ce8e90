import { existsSync } from "node:fs";
import { join } from "node:path";
import { Bench, BUNDLE } from "./harness";

const bench = new Bench();
beforeAll(async () => bench.start({ bundleDir: BUNDLE, maxConcurrentTasks: 4 }));
afterAll(async () => bench.remove());

describe("time-outs and retries", () => {
  it("ends a run after the job's timeout_seconds as TIMEDOUT", async () => {
    const run = await bench.ended(await bench.runNow(await bench.job(["sleep 60000"], { timeout_seconds: 1 })));

    expect(run.state).toMatchObject({
      life_cycle_state: "TERMINATED",
      result_state: "TIMEDOUT",
      user_cancelled_or_timedout: true,
    });
    expect(run.tasks[0].state.result_state).toBe("TIMEDOUT");
  });

  it("ends a task after its own timeout_seconds", async () => {
    const run = await bench.ended(await bench.runNow(await bench.job(["sleep 60000"], {}, { timeout_seconds: 1 })));

    expect(run.tasks[0].state.result_state).toBe("TIMEDOUT");
    expect(run.state.result_state).toBe("TIMEDOUT");
  });

  it("lists a retried task once per attempt and waits between", async () => {
    const jobId = await bench.job(["raise X: y"], {}, { max_retries: 2, min_retry_interval_millis: 100 });

    const run = await bench.ended(await bench.runNow(jobId));

    expect(run.tasks.map((task) => task.attempt_number)).toEqual([0, 1, 2]);
    expect(new Set(run.tasks.map((task) => task.original_attempt_run_id))).toEqual(new Set([run.tasks[0].run_id]));
    expect((run.tasks[1]?.start_time ?? 0) - run.tasks[0].end_time).toBeGreaterThanOrEqual(100);
    expect(run.state.result_state).toBe("FAILED");
  });
});

describe("several tasks", () => {
  const tasksOf = (first: string, runIf = "ALL_SUCCESS") => [
    {
      task_key: "b",
      depends_on: [{ task_key: "a" }],
      run_if: runIf,
      notebook_task: { notebook_path: bench.notebook(`b-${runIf}`, "get-value a rows") },
    },
    {
      task_key: "a",
      notebook_task: { notebook_path: bench.notebook(`a-${first.slice(0, 3)}`, "set-value rows 12", first) },
    },
  ];
  const create = async (tasks: object[]) =>
    (await bench.call("POST", "/api/2.2/jobs/create", { name: "dag", tasks })).body.job_id;

  it("runs them in the order of depends_on and hands task values on", async () => {
    const runId = await bench.runNow(await create(tasksOf("exit")));

    const run = await bench.ended(runId);

    expect(run.state.result_state).toBe("SUCCESS");
    expect(
      (await bench.output(runId, 0)).notebook_output.result ?? (await bench.output(runId, 1)).notebook_output.result,
    ).toBe("12");
  });

  it("marks what is downstream of a failure, and says so", async () => {
    const run = await bench.ended(await bench.runNow(await create(tasksOf("raise X: y"))));

    const downstream = run.tasks.find((task) => task.task_key === "b");
    expect(downstream?.state.result_state).toBe("UPSTREAM_FAILED");
    expect(downstream?.status.termination_details).toMatchObject({ code: "SKIPPED", type: "CLIENT_ERROR" });
    expect(run.state.state_message).toMatch(/This caused all downstream tasks to get skipped\.$/);
  });

  it("calls a run whose leaves succeeded after a failure SUCCESS_WITH_FAILURES", async () => {
    const run = await bench.ended(await bench.runNow(await create(tasksOf("raise X: y", "ALL_DONE"))));

    expect(run.state.result_state).toBe("SUCCESS_WITH_FAILURES");
  });

  it("repairs the failed tasks and their dependents", async () => {
    const tasks = tasksOf("raise X: y");
    const runId = await bench.runNow(await create(tasks));
    await bench.ended(runId);
    bench.notebook("a-rai", "set-value rows 12", "exit");

    const { body } = await bench.call("POST", "/api/2.2/jobs/runs/repair", {
      run_id: runId,
      rerun_all_failed_tasks: true,
    });
    const run = await bench.ended(runId);

    expect(run.state.result_state).toBe("SUCCESS");
    const { body: history } = await bench.call("GET", `/api/2.2/jobs/runs/get?run_id=${runId}&include_history=true`);
    expect(history.repair_history.map((item) => [item.type, item.id])).toEqual([
      ["ORIGINAL", undefined],
      ["REPAIR", body.repair_id],
    ]);
  });

  it("shows each execution in repair_history with its own state and times", async () => {
    const runId = await bench.runNow(await create(tasksOf("raise X: y")));
    await bench.ended(runId);
    const repair = async (more: object = {}) => {
      const { body } = await bench.call("POST", "/api/2.2/jobs/runs/repair", {
        run_id: runId,
        rerun_all_failed_tasks: true,
        ...more,
      });
      return body.repair_id;
    };
    const history = async () =>
      (await bench.call("GET", `/api/2.2/jobs/runs/get?run_id=${runId}&include_history=true`)).body.repair_history;

    bench.notebook("a-rai", "sleep 300", "raise X: y");
    const first = await repair();
    const during = await history();
    await bench.ended(runId);
    bench.notebook("a-rai", "set-value rows 12", "exit");
    await repair({ latest_repair_id: first });
    await bench.ended(runId);
    const after = await history();

    expect(during.map((item) => item.status.state)).toEqual(["TERMINATED", expect.stringMatching(/PENDING|RUNNING/)]);
    expect(after.map((item) => item.state.result_state)).toEqual(["FAILED", "FAILED", "SUCCESS"]);
    expect(after[0]).toMatchObject({ end_time: during[0]?.end_time, state: during[0]?.state });
    for (const [index, item] of after.entries()) {
      expect(item.end_time).toBeGreaterThanOrEqual(item.start_time);
      expect(item.end_time).toBeLessThanOrEqual(after[index + 1]?.start_time ?? Infinity);
    }
  });

  it("refuses to repair a task that is named twice", async () => {
    const runId = await bench.runNow(await create(tasksOf("raise X: y")));
    await bench.ended(runId);

    const answer = await bench.call("POST", "/api/2.2/jobs/runs/repair", {
      run_id: runId,
      rerun_tasks: ["a", "b", "a"],
    });

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error_code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining("a") });
    expect((await bench.run(runId)).status.state).toBe("TERMINATED");
  });

  it("leaves what succeeded as it was when a repair is skipped for too many runs", async () => {
    const jobId = (
      await bench.call("POST", "/api/2.2/jobs/create", {
        name: "full",
        queue: { enabled: false },
        tasks: [
          { task_key: "good", notebook_task: { notebook_path: bench.notebook("good", "exit") } },
          { task_key: "bad", notebook_task: { notebook_path: bench.notebook("bad", "raise X: y") } },
        ],
      })
    ).body.job_id;
    const runId = await bench.runNow(jobId);
    await bench.ended(runId);
    bench.notebook("bad", "sleep 60000");
    const other = await bench.runNow(jobId);

    await bench.call("POST", "/api/2.2/jobs/runs/repair", { run_id: runId, rerun_tasks: ["bad"] });
    const run = await bench.ended(runId);
    await bench.call("POST", "/api/2.2/jobs/runs/cancel", { run_id: other });

    expect(run.state.life_cycle_state).toBe("SKIPPED");
    expect(run.tasks.find((task) => task.task_key === "good")?.state.result_state).toBe("SUCCESS");
  });

  it.each([
    ['"text"', "text"],
    ['"12"', "12"],
    ['"a\\"b"', 'a"b'],
    ["12", "12"],
    ["true", "true"],
    ["null", "null"],
    ['{"a":["b"]}', '{"a":["b"]}'],
  ])("hands the task value %s on to parameters as %s", async (json, text) => {
    const name = Buffer.from(json).toString("hex");
    const base_parameters = { value: "{{tasks.a.values.v}}", around: "<{{tasks.a.values.v}}>" };
    const tasks = [
      { task_key: "a", notebook_task: { notebook_path: bench.notebook(`set-${name}`, `set-value v ${json}`, "exit") } },
      {
        task_key: "b",
        depends_on: [{ task_key: "a" }],
        notebook_task: { notebook_path: bench.notebook("read-value", "echo"), base_parameters },
      },
    ];

    const runId = await bench.runNow(await create(tasks));
    await bench.ended(runId);

    const { notebook_output: output } = await bench.output(runId, 1);
    expect(JSON.parse(output.result)).toEqual({ value: text, around: `<${text}>` });
  });

  it("runs only the tasks that were asked for", async () => {
    const run = await bench.ended(await bench.runNow(await create(tasksOf("exit")), { only: ["a"] }));

    expect(run.tasks.map((task) => task.task_key)).toEqual(["a"]);
  });
});

describe("disabled tasks", () => {
  const run = async (runIf: string, other: string) => {
    const at = (name: string) => ({
      notebook_path: bench.notebook(`disabled-${name}`, name === "raise" ? "raise X: y" : "exit"),
    });
    const tasks = [
      { task_key: "off", disabled: true, notebook_task: at("never") },
      { task_key: "other", notebook_task: at(other) },
      {
        task_key: "after",
        run_if: runIf,
        depends_on: [{ task_key: "off" }, { task_key: "other" }],
        notebook_task: at("exit"),
      },
    ];
    const { body } = await bench.call("POST", "/api/2.2/jobs/create", { name: "disabled", tasks });
    return bench.ended(await bench.runNow(body.job_id));
  };

  it.each([
    ["ALL_SUCCESS", "exit", "DISABLED"],
    ["ALL_SUCCESS", "raise", "UPSTREAM_FAILED"],
    ["AT_LEAST_ONE_SUCCESS", "exit", "SUCCESS"],
    ["NONE_FAILED", "exit", "SUCCESS"],
    ["ALL_DONE", "raise", "SUCCESS"],
    ["AT_LEAST_ONE_FAILED", "raise", "SUCCESS"],
    ["AT_LEAST_ONE_FAILED", "exit", "DISABLED"],
    ["ALL_FAILED", "raise", "DISABLED"],
  ])("are not run; with %s and another task that ends by %s what comes after is %s", async (runIf, other, result) => {
    const { tasks } = await run(runIf, other);
    const stateOf = (key: string) => tasks.find((task) => task.task_key === key);

    expect(stateOf("off")).toMatchObject({ disabled: true, state: { result_state: "DISABLED" } });
    expect(stateOf("off")?.status.termination_details.code).toBe("DISABLED");
    expect(stateOf("after")?.state.result_state).toBe(result);
  });
});

describe("a repair of all failed tasks", () => {
  it("has nothing to do where a task was only disabled", async () => {
    const tasks = ["on", "off"].map((task_key) => ({
      task_key,
      disabled: task_key === "off",
      notebook_task: { notebook_path: bench.notebook(`repair-${task_key}`, "exit") },
    }));
    const { job_id } = (await bench.call("POST", "/api/2.2/jobs/create", { name: "half", tasks })).body;
    const run = await bench.ended(await bench.runNow(job_id));

    const answer = await bench.call("POST", "/api/2.2/jobs/runs/repair", {
      run_id: run.run_id,
      rerun_all_failed_tasks: true,
    });

    expect(run.state.result_state).toBe("SUCCESS");
    expect(answer.body).toMatchObject({
      error_code: "INVALID_STATE",
      message: expect.stringContaining("no failed task"),
    });
  });
});

describe("notebooks that start notebooks", () => {
  it("returns the child's exit value even when every slot is taken", async () => {
    const child = bench.notebook("child", "echo");
    const runIds = await Promise.all(
      [1, 2, 3, 4].map(async () => bench.runNow(await bench.job(["sleep 300", `run ${child}`]))),
    );

    for (const runId of runIds) {
      await bench.ended(runId);
      expect(JSON.parse((await bench.output(runId)).notebook_output.result)).toEqual({ from: "parent" });
    }
  });

  it("fails when the child fails, with the child's error", async () => {
    const child = bench.notebook("failing-child", "raise KeyError: speed");

    const run = await bench.ended(await bench.runNow(await bench.job(["sleep 300", `run ${child}`])));

    expect((await bench.output(run.run_id)).error).toContain("KeyError: speed");
  });

  it("survives the death of the controller: the run is a platform fault, the next one works", async () => {
    const run = await bench.ended(await bench.runNow(await bench.job(["die"])));
    const next = await bench.ended(await bench.runNow(await bench.job(["exit"])));

    expect(run.status.termination_details.code).toBe("DRIVER_ERROR");
    expect(next.state.result_state).toBe("SUCCESS");
    expect(existsSync(join(bench.stateDir, "logs", "controller.log"))).toBe(true);
  });
});
