import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { readBundle } from "../../../local/databricks/server/bundle";
import { nextStart } from "../../../local/databricks/server/job-triggers";
import { normaliseSettings } from "../../../local/databricks/server/job-settings";
import { Bench, until } from "./harness";

jest.setTimeout(40_000);

const bench = new Bench();
const log: string[] = [];
const options = { log: (line: string) => log.push(line) };
beforeAll(async () => bench.start(options));
afterAll(async () => bench.remove());

const EVERY_SECOND = { quartz_cron_expression: "* * * * * ?", timezone_id: "UTC" };
const runsOf = async (jobId: number) =>
  (await bench.call("GET", `/api/2.2/jobs/runs/list?job_id=${jobId}&expand_tasks=true`)).body.runs ?? [];
const update = async (job_id: number, new_settings: object) =>
  bench.call("POST", "/api/2.2/jobs/update", { job_id, new_settings });

describe("a schedule", () => {
  it("starts runs by itself, ten seconds apart at least, as PERIODIC", async () => {
    const jobId = await bench.job(["exit"], { schedule: EVERY_SECOND });

    const [run] = await until(
      async () => runsOf(jobId),
      (runs) => runs.length > 0,
    );
    await sleep(2_500);

    expect(run).toMatchObject({ trigger: "PERIODIC", run_type: "JOB_RUN", schedule: EVERY_SECOND });
    expect(await runsOf(jobId)).toHaveLength(1);
    expect(log).toContain(`job ${jobId} "job": periodic run ${run?.run_id}`);
    const page = await (await fetch(`${bench.url}/jobs/${jobId}`)).text();
    expect(page).toMatch(/next start 20\d\d-/);
    expect(page).toContain("PERIODIC");
  });

  it("tells the run what started it", async () => {
    const base_parameters = { type: "{{job.trigger.type}}", day: "{{job.trigger.time.iso_date}}" };
    const notebook_task = { notebook_path: bench.notebook("trigger", "echo"), base_parameters };
    const jobId = await bench.job([], { schedule: EVERY_SECOND }, { notebook_task });

    const [run] = await until(
      async () => runsOf(jobId),
      (runs) => runs[0]?.status.state === "TERMINATED",
    );

    expect(JSON.parse((await bench.output(run?.run_id ?? 0)).notebook_output.result)).toEqual({
      type: "periodic",
      day: new Date().toISOString().slice(0, 10),
    });
  });

  it("is quiet while paused, and after the job was changed or deleted", async () => {
    const paused = await bench.job(["exit"], { schedule: { ...EVERY_SECOND, pause_status: "PAUSED" } });
    const changed = await bench.job(["exit"], { schedule: { ...EVERY_SECOND, quartz_cron_expression: "0 0 0 1 1 ?" } });
    const deleted = await bench.job(["exit"], { schedule: EVERY_SECOND });
    await bench.call("POST", "/api/2.2/jobs/delete", { job_id: deleted });

    await sleep(1_500);
    const before = await Promise.all([paused, changed].map(runsOf));
    await update(paused, { schedule: { ...EVERY_SECOND, pause_status: "UNPAUSED" } });
    await update(changed, { schedule: EVERY_SECOND });

    expect(before).toEqual([[], []]);
    expect(await runsOf(deleted)).toEqual([]);
    for (const jobId of [paused, changed])
      await until(
        async () => runsOf(jobId),
        (runs) => runs.length === 1,
      );
  });

  it("goes on after a restart", async () => {
    const jobId = await bench.job(["exit"], { schedule: { ...EVERY_SECOND, pause_status: "PAUSED" } });
    await update(jobId, { schedule: { ...EVERY_SECOND, quartz_cron_expression: "0/3 * * * * ?" } });
    await bench.stop();
    await bench.start(options);

    await until(
      async () => runsOf(jobId),
      (runs) => runs.length > 0,
    );
  });
});

describe("a job stored by an older version", () => {
  it("with a bad schedule keeps the server from nothing, and is warned about", async () => {
    const jobId = await bench.job(["exit"]);
    await bench.stop();
    const database = new DatabaseSync(join(bench.stateDir, "databricks.sqlite"));
    database
      .prepare("UPDATE jobs SET settings = json_set(settings, '$.schedule', json(?)) WHERE job_id = ?")
      .run(JSON.stringify({ quartz_cron_expression: "nightly", timezone_id: "UTC" }), jobId);
    database.close();

    await bench.start(options);
    const { body } = await bench.call("GET", `/api/2.2/jobs/get?job_id=${jobId}`);
    const run = await bench.ended(await bench.runNow(jobId));

    expect(body.warnings).toEqual([expect.stringContaining("The job starts by run-now only. Invalid schedule")]);
    expect(run.state.result_state).toBe("SUCCESS");
    for (const page of ["/", `/jobs/${jobId}`]) expect((await fetch(bench.url + page)).status).toBe(200);
  });
});

describe("a continuous job", () => {
  it("has one run after the other until it is paused", async () => {
    const jobId = await bench.job(["exit"], { continuous: {} });

    const runs = await until(
      async () => runsOf(jobId),
      (found) => found.length >= 2,
    );
    await update(jobId, { continuous: { pause_status: "PAUSED" } });
    await sleep(300);
    const stopped = (await runsOf(jobId)).length;
    await sleep(1_500);

    expect(runs[0]?.trigger).toBe("CONTINUOUS");
    expect(runs[0]?.start_time).toBeGreaterThanOrEqual(runs[1]?.end_time ?? 0);
    expect(await runsOf(jobId)).toHaveLength(stopped);
  });

  it("waits longer after each failure", async () => {
    const jobId = await bench.job(["raise X: y"], { continuous: {} });

    const runs = await until(
      async () => runsOf(jobId),
      (found) => found.length >= 3,
    );

    const [third, second, first] = runs;
    const gaps = [
      (second?.start_time ?? 0) - (first?.end_time ?? 0),
      (third?.start_time ?? 0) - (second?.end_time ?? 0),
    ];
    expect(gaps[0]).toBeGreaterThanOrEqual(2_000);
    expect(gaps[1]).toBeGreaterThanOrEqual(4_000);
  });
});

describe("a periodic trigger", () => {
  it("counts from the creation of the job", () => {
    const settings = normaliseSettings(
      {
        tasks: [{ task_key: "t", notebook_task: { notebook_path: "/x" } }],
        trigger: { periodic: { interval: 2, unit: "HOURS" } },
      },
      true,
    );
    const hours = (count: number) => count * 3_600_000;

    const next = (after: number) => nextStart({ jobId: 1, createdTime: 1_000, settings }, after);

    expect(next(1_000)).toBe(1_000 + hours(2));
    expect(next(1_000 + hours(5))).toBe(1_000 + hours(6));
  });
});

describe("a bundle target", () => {
  const folder = mkdtempSync(join(tmpdir(), "bk-bundle-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "src"));
  writeFileSync(
    join(folder, "databricks.yml"),
    `bundle: {name: x}
targets:
  dev: {mode: development}
  eager: {mode: development, presets: {trigger_pause_status: UNPAUSED}}
  prod: {mode: production}
resources:
  jobs:
    nightly:
      schedule: {quartz_cron_expression: "0 0 2 * * ?", timezone_id: UTC}
      tasks: [{task_key: t, notebook_task: {notebook_path: src/a.py}}]
`,
  );

  it("pauses schedules in mode development, unless its presets say otherwise", () => {
    const status = (target?: string) => readBundle(folder, target ? { target } : {}).jobs.get("nightly")?.["schedule"];

    expect(status("dev")).toMatchObject({ pause_status: "PAUSED" });
    expect(status("eager")).toMatchObject({ pause_status: "UNPAUSED" });
    expect(status("prod")).not.toHaveProperty("pause_status");
    expect(status()).not.toHaveProperty("pause_status");
  });
});
