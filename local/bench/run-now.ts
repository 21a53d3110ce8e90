import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, type LocalDatabricksServer } from "../databricks/server/server";
import { NODE } from "../paths";

/**
 * What one run-now costs the local Databricks, by the number of runs that are open meanwhile: `node dist/local/bench/run-now.js`.
 * Processor time of server and client together, from run-now until the run has ended; no Spark, the controller ends runs at once.
 */
const REPEATS = 100;
const OPEN = [0, 200, 1000];

/** Speaks the protocol of docs/contracts.md; a run with the parameter `hold` stays open. */
const CONTROLLER = `
const send = (event) => process.stdout.write(JSON.stringify(event) + "\\n");
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { op, runId, parameters } = JSON.parse(line);
  if (op === "shutdown") process.exit(0);
  if (op !== "run") return;
  send({ event: "started", runId, pid: process.pid, setupMs: 1 });
  if (!parameters.hold) send({ event: "finished", runId, outcome: "success" });
});`;

async function call(server: LocalDatabricksServer, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}/api/2.2/jobs/${path}`, {
    method: body ? "POST" : "GET",
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const value = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`${path}: ${String(value["message"])}`);
  return value;
}

async function createJob(server: LocalDatabricksServer, notebook: string, limit: number): Promise<unknown> {
  const tasks = [{ task_key: "main", notebook_task: { notebook_path: notebook } }];
  return (await call(server, "create", { name: "bench", tasks, max_concurrent_runs: limit }))["job_id"];
}

/** Milliseconds of processor time for one run. */
async function measure(server: LocalDatabricksServer, jobId: unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < REPEATS; index += 1) {
    const { run_id: runId } = await call(server, "run-now", { job_id: jobId });
    for (let ended = false; !ended;)
      ended = ((await call(server, `runs/get?run_id=${String(runId)}`))["end_time"] as number) > 0;
  }
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000 / REPEATS;
}

async function withOpenRuns(open: number, limit: number): Promise<number> {
  const stateDir = mkdtempSync(join(tmpdir(), "bk-run-now-"));
  const notebook = join(stateDir, "notebook.py");
  writeFileSync(notebook, "");
  const server = await startServer({
    port: 0,
    stateDir,
    controller: [NODE, "-e", CONTROLLER],
    maxConcurrentTasks: 2000,
  });
  try {
    const held = await createJob(server, notebook, limit);
    for (let index = 0; index < open; index += 1)
      await call(server, "run-now", { job_id: held, job_parameters: { hold: "1" } });
    const measured = await createJob(server, notebook, 1);
    await measure(server, measured);
    return await measure(server, measured);
  } finally {
    await server.close();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  for (const open of OPEN) {
    const [running, queued] = [await withOpenRuns(open, 1000), await withOpenRuns(open, 1)];
    console.log(
      `${open} open runs: ${running.toFixed(1)} ms a run when they run, ${queued.toFixed(1)} ms when they are queued`,
    );
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
