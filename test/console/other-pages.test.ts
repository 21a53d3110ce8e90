import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { indexPage, jobPage } from "../../local/databricks/server/pages";
import type { JobRecord, RunRecord, TaskRunRecord } from "../../local/databricks/server/records";
import { runPage } from "../../local/databricks/server/run-page";
import { PYTHON, REPO_ROOT } from "../../local/paths";
import { accessibilityFaults, useBrowser } from "./support/browser";

/** The pages beside the console: report of monitoring, exploration, local Databricks. They look alike, and serve everybody. */

jest.setTimeout(60_000);

const SETTINGS = {
  name: "batchkeeper-features",
  tasks: [{ task_key: "features", notebook_task: { notebook_path: "/n" } }],
};
const JOB: JobRecord = { jobId: 4, createdTime: 1_763_000_000_000, settings: SETTINGS };

function aRun(runId: number, result: "SUCCESS" | "FAILED"): { run: RunRecord; tasks: TaskRunRecord[] } {
  const outcome = {
    ...{ lifeCycle: "TERMINATED" as const, result, code: result, type: "CLIENT_ERROR" as const },
    message: result === "FAILED" ? "Workload failed" : "",
  };
  const times = { startTime: 1_763_000_100_000, endTime: 1_763_000_190_000 };
  const run: RunRecord = {
    ...{ runId, jobId: 4, runType: "JOB_RUN", runName: SETTINGS.name, settings: SETTINGS, queue: false },
    ...{ jobParameters: [{ name: "run_id", value: "scoring-1" }], notebookParams: {}, createdTime: times.startTime },
    ...{ phase: "done", ...times, outcome, repairs: [] },
  };
  const error =
    result === "FAILED" ? { error: "KeyError: 'vibration'", errorTrace: "---> 12 KeyError: 'vibration'" } : {};
  const task: TaskRunRecord = {
    ...{ runId: runId + 1, jobRunId: runId, taskKey: "features", attempt: 0, originalRunId: runId + 1, phase: "done" },
    ...{ notBefore: 0, ...times, setupMs: 900, executionMs: 88_000, outcome, parameters: { run_id: "scoring-1" } },
    ...{ result: '{"schemaVersion":1}', ...error },
  };
  return { run, tasks: [task] };
}

/** Monitoring's own words, as its step renders them; without Spark. */
function monitoringReport(): string {
  const program = `
import json, sys
from batchkeeper.monitoring.report import render
from batchkeeper.scenario.load import load_scenario
sys.stdout.write(render(load_scenario("predictive_maintenance"), json.load(sys.stdin)))`;
  const row = { model_version: "7", horizon_h: 24, rows: 900, positives: 61, precision: 0.97, recall: 0.99, f1: 0.98 };
  const document = {
    ...{ windowStart: "2026-10-20T06:00:00Z", windowEnd: "2026-11-24T06:00:00Z", watermark: "2026-11-24T06:00:00Z" },
    evaluations: [{ ...row, component: "all" }, { ...row, component: "comp1" }], // prettier-ignore
    calibration: [
      { model_version: "7", horizon_h: 24, bins: [{ bin: 0, rows: 800, predicted: 0.03, observed: 0.02 }] },
    ],
    ...{ drift: [{ feature: "volt_mean_24h", psi: 0.31, rows: 900, missing: 0.01 }], driftBaseline: "7" },
  };
  const env = { ...process.env, PYTHONPATH: join(REPO_ROOT, "notebooks") };
  return execFileSync(PYTHON, ["-c", program], { env, input: JSON.stringify(document), encoding: "utf8" });
}

const [good, bad] = [aRun(100, "SUCCESS"), aRun(200, "FAILED")];
const output = { task: bad.tasks[0] as TaskRunRecord, stdout: "read 2,400 rows\n".repeat(80), stderr: "" };
const PAGES: Readonly<Record<string, () => string>> = {
  "monitoring report": monitoringReport,
  exploration: () => readFileSync(join(REPO_ROOT, "docs", "exploration.html"), "utf8"),
  "all jobs": () => indexPage([JOB], [good, bad]),
  "no job yet": () => indexPage([], []),
  "a job": () => jobPage(JOB, [good, bad], ["max_retries: has no effect here"]),
  "a run": () => runPage(bad.run, [output], ["timeout_seconds: has no effect here"]),
};

let server: Server;
let text = "";
beforeAll(async () => {
  server = createServer((request, response) => {
    response.writeHead(request.url === "/" ? 200 : 204, { "content-type": "text/html; charset=utf-8" });
    response.end(request.url === "/" ? text : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => server.close());
const browser = useBrowser();

const LOOKS = [["light", 1280], ["dark", 1280], ["dark", 390]] as const; // prettier-ignore

it.each(Object.keys(PAGES))("%s: light and dark, wide and narrow, without a fault", async (name) => {
  text = PAGES[name]?.() ?? "";
  for (const [scheme, width] of LOOKS) {
    const { page, faults } = await browser.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      ...{ scheme, width },
    });
    await page.getByRole("heading", { level: 1 }).waitFor();

    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
      scheme === "light" ? "rgb(247, 247, 245)" : "rgb(18, 19, 21)",
    );
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    expect(faults).toEqual([]);
  }
});
