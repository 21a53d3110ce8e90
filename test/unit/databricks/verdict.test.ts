import type { JobRun, RunState, TaskRun } from "../../../src/domain/job-run";
import { deletedRunVerdict, judgeRun, judgeTask } from "../../../src/domain/verdict";

const SUCCESS: RunState = {
  lifeCycleState: "TERMINATED",
  resultState: "SUCCESS",
  statusState: "TERMINATED",
  terminationCode: "SUCCESS",
  terminationType: "SUCCESS",
};
const RAISED: RunState = {
  lifeCycleState: "TERMINATED",
  resultState: "FAILED",
  statusState: "TERMINATED",
  terminationCode: "RUN_EXECUTION_ERROR",
  terminationType: "CLIENT_ERROR",
  message: "Workload failed, see run output for details",
};
const RUN_RAISED: RunState = { ...RAISED, lifeCycleState: "INTERNAL_ERROR", message: "Task score failed" };

const task = (state: RunState, over: Partial<TaskRun> = {}): TaskRun => ({
  runId: "3001",
  taskKey: "score",
  attemptNumber: 0,
  dependsOn: [],
  state,
  ...over,
});
const run = (state: RunState, tasks: TaskRun[] = [task(state)], over: Partial<JobRun> = {}): JobRun => ({
  runId: "2001",
  jobId: "101",
  state,
  jobParameters: {},
  tasks,
  ...over,
});
const ended = (code: string, type = "CLIENT_ERROR"): RunState => ({
  lifeCycleState: "INTERNAL_ERROR",
  resultState: "FAILED",
  statusState: "TERMINATED",
  terminationCode: code,
  terminationType: type,
});

describe("judgeRun", () => {
  it("calls a run successful when run and task agree in both spellings", () => {
    expect(judgeRun(run(SUCCESS))).toEqual({ kind: "succeeded", taskRunId: "3001", taskKey: "score" });
  });

  it.each([
    ["only the old spelling", { lifeCycleState: "TERMINATED", resultState: "SUCCESS" }],
    ["only the new spelling", { statusState: "TERMINATED", terminationCode: "SUCCESS" }],
  ])("accepts %s", (_name, state: RunState) => {
    expect(judgeRun(run(state)).kind).toBe("succeeded");
  });

  it.each(["QUEUED", "PENDING", "RUNNING", "TERMINATING", "BLOCKED", "WAITING_FOR_RETRY"])(
    "waits while the life cycle is %s",
    (lifeCycleState) => {
      expect(judgeRun(run({ lifeCycleState }))).toEqual({ kind: "running", state: lifeCycleState, known: true });
    },
  );

  it("waits while either spelling is active", () => {
    expect(
      judgeRun(run({ lifeCycleState: "RUNNING", statusState: "TERMINATED", terminationCode: "SUCCESS" })).kind,
    ).toBe("running");
    expect(judgeRun(run({ lifeCycleState: "TERMINATED", resultState: "SUCCESS", statusState: "WAITING" })).kind).toBe(
      "running",
    );
  });

  it("waits, without knowing, for a state it never heard of, until an end time is there", () => {
    expect(judgeRun(run({ statusState: "PONDERING" }))).toEqual({ kind: "running", state: "PONDERING", known: false });
    expect(judgeRun(run({}))).toEqual({ kind: "running", state: "none", known: false });
    expect(judgeRun(run({ statusState: "PONDERING" }, [], { endTimeMs: 1 }))).toMatchObject({
      kind: "failed",
      cause: "unknown",
      code: "PONDERING",
    });
  });

  it("takes a raised notebook, whose run is INTERNAL_ERROR, for a code fault", () => {
    expect(judgeRun(run(RUN_RAISED, [task(RAISED)]))).toEqual({
      kind: "failed",
      cause: "code",
      code: "RUN_EXECUTION_ERROR",
      message: "Workload failed, see run output for details",
      taskRunId: "3001",
    });
  });

  it.each([
    ["USER_CANCELED", "cancelled"],
    ["CANCELED", "cancelled"],
    ["CLUSTER_TERMINATED_BY_USER", "cancelled"],
    ["SKIPPED", "skipped"],
    ["DISABLED", "skipped"],
    ["RUN_EXECUTION_ERROR", "code"],
    ["SUCCESS_WITH_FAILURES", "code"],
    ["INTERNAL_ERROR", "platform"],
    ["DRIVER_ERROR", "platform"],
    ["CLUSTER_ERROR", "platform"],
    ["CLOUD_FAILURE", "platform"],
    ["STORAGE_ACCESS_ERROR", "platform"],
    ["REPOSITORY_CHECKOUT_FAILED", "platform"],
    ["LIBRARY_INSTALLATION_ERROR", "platform"],
    ["BREAKING_CHANGE", "platform"],
    ["CLUSTER_REQUEST_LIMIT_EXCEEDED", "quota"],
    ["WORKSPACE_RUN_LIMIT_EXCEEDED", "quota"],
    ["MAX_CONCURRENT_RUNS_EXCEEDED", "quota"],
    ["MAX_SPARK_CONTEXTS_EXCEEDED", "quota"],
    ["MAX_JOB_QUEUE_SIZE_EXCEEDED", "quota"],
    ["INVALID_CLUSTER_REQUEST", "configuration"],
    ["INVALID_RUN_CONFIGURATION", "configuration"],
    ["FEATURE_DISABLED", "configuration"],
    ["UNAUTHORIZED_ERROR", "configuration"],
    ["RESOURCE_NOT_FOUND", "configuration"],
    ["BUDGET_POLICY_LIMIT_EXCEEDED", "configuration"],
  ])("judges termination code %s as %s", (code, cause) => {
    expect(judgeRun(run(ended(code)))).toMatchObject({ kind: "failed", cause, code });
  });

  it.each([
    ["INTERNAL_ERROR", "platform"],
    ["CLOUD_FAILURE", "platform"],
    ["CLIENT_ERROR", "code"],
    ["SUCCESS", "unknown"],
    ["GREMLINS", "unknown"],
  ])("judges an unknown code by its type %s as %s", (type, cause) => {
    expect(judgeRun(run(ended("NEW_CODE", type)))).toMatchObject({ kind: "failed", cause, code: "NEW_CODE" });
  });

  it.each([
    ["FAILED", "code"],
    ["TIMEDOUT", "timedOut"],
    ["CANCELED", "cancelled"],
    ["MAXIMUM_CONCURRENT_RUNS_REACHED", "quota"],
    ["EXCLUDED", "skipped"],
    ["DISABLED", "skipped"],
    ["UPSTREAM_FAILED", "skipped"],
    ["UPSTREAM_CANCELED", "skipped"],
    ["SUCCESS_WITH_FAILURES", "code"],
    ["MYSTERY", "unknown"],
  ])("judges result state %s without status as %s", (resultState, cause) => {
    expect(judgeRun(run({ lifeCycleState: "TERMINATED", resultState }))).toMatchObject({
      kind: "failed",
      cause,
      code: resultState,
    });
  });

  it("tells a time-out from a cancel, though both have code CANCELED", () => {
    expect(judgeRun(run({ ...ended("CANCELED"), resultState: "TIMEDOUT" }))).toMatchObject({
      cause: "timedOut",
      code: "TIMEDOUT",
    });
  });

  it("knows SKIPPED without result state, and why it was skipped", () => {
    expect(judgeRun(run({ lifeCycleState: "SKIPPED" }, []))).toMatchObject({ cause: "skipped", code: "SKIPPED" });
    const excess: RunState = {
      lifeCycleState: "SKIPPED",
      statusState: "TERMINATED",
      terminationCode: "MAX_CONCURRENT_RUNS_EXCEEDED",
    };
    expect(judgeRun(run(excess, []))).toMatchObject({ cause: "quota" });
  });

  it("takes INTERNAL_ERROR without a result or a failed task for a platform fault", () => {
    expect(judgeRun(run({ lifeCycleState: "INTERNAL_ERROR" }, []))).toMatchObject({ cause: "platform" });
  });

  it("finds the driver fault behind a run that only says RUN_EXECUTION_ERROR", () => {
    const driver = { ...ended("DRIVER_ERROR", "INTERNAL_ERROR"), message: "driver lost" };
    const skipped = task(
      { lifeCycleState: "TERMINATED", resultState: "UPSTREAM_FAILED" },
      { runId: "3002", taskKey: "after" },
    );

    expect(judgeRun(run(RUN_RAISED, [skipped, task(driver)]))).toMatchObject({
      cause: "platform",
      message: "driver lost",
      taskRunId: "3001",
    });
  });

  it("lets a cancelled run stay cancelled, whatever its tasks say", () => {
    expect(judgeRun(run({ ...ended("USER_CANCELED"), resultState: "CANCELED" }, [task(RAISED)]))).toMatchObject({
      cause: "cancelled",
    });
  });

  it("judges a task by its newest attempt", () => {
    const first = task(RAISED, { runId: "3001" });
    const second = task(SUCCESS, { runId: "3002", attemptNumber: 1 });

    expect(judgeRun(run(SUCCESS, [second, first]))).toMatchObject({ kind: "succeeded", taskRunId: "3002" });
  });

  it("believes no run that contradicts its task, itself, or has none", () => {
    expect(judgeRun(run(SUCCESS, [task(RAISED)]))).toMatchObject({ kind: "failed", cause: "code" });
    expect(judgeRun(run({ ...SUCCESS, resultState: "FAILED" })).kind).toBe("failed");
    expect(judgeRun(run({ lifeCycleState: "TERMINATED" }))).toMatchObject({ kind: "failed", cause: "unknown" });
    expect(judgeRun(run(SUCCESS, []))).toMatchObject({ kind: "failed", cause: "unknown", code: "NO_TASKS" });
  });

  it("waits when a run is called successful before its task is", () => {
    expect(judgeRun(run(SUCCESS, [task({ lifeCycleState: "RUNNING" })]))).toMatchObject({
      kind: "running",
      state: "RUNNING",
    });
  });

  it("does not wait for the tasks of a run that failed", () => {
    expect(judgeRun(run(RUN_RAISED, [task({ lifeCycleState: "BLOCKED" })]))).toMatchObject({
      kind: "failed",
      cause: "code",
    });
  });

  it("reads the exit value of the task that no other waits for", () => {
    const first = task(SUCCESS, { runId: "1", taskKey: "a" });
    const last = task(SUCCESS, { runId: "2", taskKey: "b", dependsOn: ["a"] });

    expect(judgeRun(run(SUCCESS, [last, first]))).toMatchObject({ taskRunId: "2" });
  });

  it("gives a deleted run a verdict of its own", () => {
    expect(deletedRunVerdict("7")).toMatchObject({ kind: "failed", cause: "deleted", code: "RUN_DELETED" });
  });
});

describe("judgeTask", () => {
  const first = task(SUCCESS, { runId: "1", taskKey: "first" });
  const judged = (state: RunState, ...tasks: TaskRun[]) => judgeTask(run(state, tasks), "score");

  it("waits for the whole run, however its task ended", () => {
    expect(judged({ lifeCycleState: "RUNNING" }, task(SUCCESS)).kind).toBe("running");
    expect(judged({ lifeCycleState: "RUNNING" }, task(RAISED)).kind).toBe("running");
  });

  it("waits for a task that lags behind its run", () => {
    expect(judged(SUCCESS, task({ lifeCycleState: "RUNNING" })).kind).toBe("running");
  });

  it("takes a task's success although another task failed, and its last attempt", () => {
    const again = task(SUCCESS, { runId: "9", attemptNumber: 1 });

    expect(judged(RUN_RAISED, task(RAISED), again, task(RAISED, { taskKey: "later" }))).toEqual({
      kind: "succeeded",
      taskRunId: "9",
      taskKey: "score",
    });
  });

  it.each([
    ["its own cause when the run only says that a task failed", RUN_RAISED, ended("DRIVER_ERROR"), "platform"],
    ["its own cause when the run claims success", SUCCESS, RAISED, "code"],
    [
      "the run's when that was cut off",
      { ...ended("CANCELED"), resultState: "TIMEDOUT" },
      ended("CANCELED"),
      "timedOut",
    ],
    ["the run's when it was cancelled", ended("USER_CANCELED"), ended("CANCELED"), "cancelled"],
  ])("tells %s", (_what, state: RunState, own: RunState, cause) => {
    expect(judged(state, first, task(own))).toMatchObject({ kind: "failed", cause, taskRunId: "3001" });
  });

  it("never succeeds without the task", () => {
    expect(judged(SUCCESS, first)).toMatchObject({ kind: "failed", cause: "unknown", code: "NO_TASKS" });
    expect(judged(ended("WORKSPACE_RUN_LIMIT_EXCEEDED"))).toMatchObject({ kind: "failed", cause: "quota" });
  });
});
