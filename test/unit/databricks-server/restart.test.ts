import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalDatabricks, type LocalDatabricks } from "../../../local/databricks/spawn";
import { processStart } from "../../../local/databricks/server/process-registry";
import { NODE, REPO_ROOT } from "../../../local/paths";
import { BUNDLE, call, CONTROLLER, until } from "./harness";

jest.setTimeout(60_000);

const stateDir = mkdtempSync(join(tmpdir(), "bk-databricks-"));
let server: LocalDatabricks;
const start = async (): Promise<void> => {
  server = await startLocalDatabricks({ stateDir, controller: CONTROLLER, bundleDir: BUNDLE, maxConcurrentTasks: 1 });
};
beforeAll(async () => {
  expect(
    spawnSync(NODE, [join(REPO_ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"], {
      cwd: REPO_ROOT,
    }).error,
  ).toBeUndefined();
  await start();
});
afterAll(async () => {
  await server.stop();
  rmSync(stateDir, { recursive: true });
});

const get = async (path: string) => (await call(server, "GET", path)).body;
const post = async (path: string, body: object) => (await call(server, "POST", path, body)).body;
const run = async (runId: number) => get(`/api/2.2/jobs/runs/get?run_id=${runId}`);
const createJob = async (name: string, line: string, settings: object = {}) => {
  const path = join(stateDir, `${name}.py`);
  writeFileSync(path, `${line}\n`);
  return (
    await post("/api/2.2/jobs/create", {
      name,
      tasks: [{ task_key: "t", notebook_task: { notebook_path: path }, ...settings }],
    })
  ).job_id;
};

describe("kill -9 of the server", () => {
  it("ends running tasks as a platform fault, starts queued ones, forgets no token, secret or job", async () => {
    const jobId = await createJob("long", "sleep 60000");
    const first = (await post("/api/2.2/jobs/run-now", { job_id: jobId, idempotency_token: "kept" })).run_id;
    await until(
      async () => run(first),
      (value) => value.state.life_cycle_state === "RUNNING",
    );
    const queued = (await post("/api/2.2/jobs/run-now", { job_id: jobId })).run_id;
    const pending = (await post("/api/2.2/jobs/run-now", { job_id: await createJob("short", "exit ok") })).run_id;
    await post("/api/2.0/secrets/scopes/create", { scope: "s" });
    await post("/api/2.0/secrets/put", { scope: "s", key: "k", string_value: "v" });
    const before = { token: server.token, bundle: (await get("/api/2.2/jobs/list?name=sample-score")).jobs[0].job_id };

    await server.stop("SIGKILL");
    await start();

    const lost = await run(first);
    expect(lost.tasks[0].state).toMatchObject({ life_cycle_state: "INTERNAL_ERROR", result_state: "FAILED" });
    expect(lost.status.termination_details).toMatchObject({ code: "DRIVER_ERROR", type: "INTERNAL_ERROR" });
    expect((await post("/api/2.2/jobs/run-now", { job_id: jobId, idempotency_token: "kept" })).run_id).toBe(first);
    expect(server.token).toBe(before.token);
    expect((await get("/api/2.2/jobs/list?name=sample-score")).jobs.map((job) => job.job_id)).toEqual([before.bundle]);
    expect((await get("/api/2.0/secrets/get?scope=s&key=k")).value).toBe(Buffer.from("v").toString("base64"));
    await until(
      async () => run(queued),
      (value) => value.state.life_cycle_state === "RUNNING",
    );
    await post("/api/2.2/jobs/runs/cancel", { run_id: queued });
    await until(
      async () => run(pending),
      (value) => value.state.result_state === "SUCCESS",
    );
  });

  it("grants a lost task its native retry, and ends a cancel that was under way as CANCELED", async () => {
    const retried = (
      await post("/api/2.2/jobs/run-now", { job_id: await createJob("retried", "sleep 500", { max_retries: 1 }) })
    ).run_id;
    await until(
      async () => run(retried),
      (value) => value.state.life_cycle_state === "RUNNING",
    );
    await server.stop("SIGKILL");
    await start();
    const done = await until(
      async () => run(retried),
      (value) => value.status.state === "TERMINATED",
    );

    const cancelled = (await post("/api/2.2/jobs/run-now", { job_id: await createJob("cancelled", "sleep 60000") }))
      .run_id;
    await until(
      async () => run(cancelled),
      (value) => value.state.life_cycle_state === "RUNNING",
    );
    await post("/api/2.2/jobs/runs/cancel", { run_id: cancelled });
    await server.stop("SIGKILL");
    await start();

    expect(done.state.result_state).toBe("SUCCESS");
    expect(done.tasks.map((task) => task.status.termination_details.code)).toEqual(["DRIVER_ERROR", "SUCCESS"]);
    expect((await run(cancelled)).state).toMatchObject({ life_cycle_state: "TERMINATED", result_state: "CANCELED" });
  });

  it("kills what outlived it before it calls a run ended", async () => {
    const jobId = await createJob("stubborn", "linger\nprint-pid\nsleep 60000");
    const runId = (await post("/api/2.2/jobs/run-now", { job_id: jobId })).run_id;
    const active = await until(
      async () => run(runId),
      (value) => value.state.life_cycle_state === "RUNNING",
    );
    const other = (await post("/api/2.2/jobs/run-now", { job_id: await createJob("who", "pid") })).run_id;
    const pid = Number(readFileSync(join(stateDir, "runs", String(active.tasks[0].run_id), "stdout.log"), "utf8"));
    await server.stop("SIGKILL");
    expect(processStart(pid)).toBeDefined();

    await start();

    expect(processStart(pid)).toBeUndefined();
    expect((await run(active.run_id)).status.termination_details.code).toBe("DRIVER_ERROR");
    await until(
      async () => run(other),
      (value) => value.state.result_state === "SUCCESS",
    );
  });

  it("leaves no controller behind after SIGTERM", async () => {
    const runId = (await post("/api/2.2/jobs/run-now", { job_id: await createJob("pid", "pid") })).run_id;
    const ended = await until(
      async () => run(runId),
      (value) => value.status.state === "TERMINATED",
    );
    const pid = Number(
      (await get(`/api/2.2/jobs/runs/get-output?run_id=${ended.tasks[0].run_id}`)).notebook_output.result,
    );
    expect(processStart(pid)).toBeDefined();

    await server.stop();

    expect(processStart(pid)).toBeUndefined();
    expect(await server.exited).toEqual({ code: 0, signal: null });
    await start();
  });
});

describe("the command", () => {
  const main = join(REPO_ROOT, "dist", "local", "databricks", "main.js");
  const invoke = (...args: string[]) => spawnSync(NODE, [main, ...args], { encoding: "utf8" });

  it("refuses a state folder in use, a bad number and a bad bundle, saying which", () => {
    expect(invoke("--state", stateDir, "--port", "0").stderr).toContain(`state folder ${stateDir} cannot be opened`);
    expect(invoke("--port", "x").stderr).toContain('--port must be a whole number, got "x"');
    expect(invoke("--bundle", stateDir, "--state", join(stateDir, "other")).stderr).toContain(
      "databricks.yml: cannot be read",
    );
    expect(invoke("--faults", "{", "--state", join(stateDir, "other")).stderr).toContain(
      "--faults: the value is not valid JSON",
    );
    expect(invoke("--help").stdout).toContain("Usage:");
  });

  it("keeps the token where only its owner reads it", () => {
    expect(statSync(join(stateDir, "token")).mode & 0o077).toBe(0);
  });
});
