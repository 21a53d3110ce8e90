import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../local/databricks/server/database";
import { normaliseSettings } from "../../../local/databricks/server/job-settings";
import { JobStore } from "../../../local/databricks/server/job-store";
import { SUCCESS } from "../../../local/databricks/server/outcomes";
import { Params } from "../../../local/databricks/server/params";
import { RunEngine } from "../../../local/databricks/server/run-engine";
import { RunsService } from "../../../local/databricks/server/runs-service";
import { RunStore } from "../../../local/databricks/server/run-store";
import type { RunRecord, TaskRunRecord } from "../../../local/databricks/server/records";
import { until } from "./harness";

/** Writes down which runs are read. */
class WatchedStore extends RunStore {
  readonly read = new Set<number>();

  override find(runId: number): RunRecord | undefined {
    this.read.add(runId);
    return super.find(runId);
  }

  override tasks(jobRunId: number): TaskRunRecord[] {
    this.read.add(jobRunId);
    return super.tasks(jobRunId);
  }

  override open(): RunRecord[] {
    const runs = super.open();
    for (const run of runs) this.read.add(run.runId);
    return runs;
  }
}

describe("the engine", () => {
  const stateDir = mkdtempSync(join(tmpdir(), "bk-engine-"));
  const database = openDatabase(stateDir);
  const store = new WatchedStore(database);
  const jobs = new JobStore(database);
  const held = new Map<number, () => void>();
  const engine = new RunEngine(
    store,
    async (run) => {
      await new Promise<void>((resolve) => held.set(run.runId, resolve));
      return { outcome: SUCCESS };
    },
    2,
  );
  const service = new RunsService(store, jobs, engine);
  afterAll(() => {
    engine.stop();
    database.close();
    rmSync(stateDir, { recursive: true });
  });

  const createJob = (limit: number): number => {
    const tasks = [{ task_key: "t", notebook_task: { notebook_path: "/x" } }];
    return jobs.create(normaliseSettings({ name: "j", tasks, max_concurrent_runs: limit, timeout_seconds: 3600 }, true))
      .jobId;
  };
  const start = (jobId: number): number => service.runNow(new Params({ job_id: jobId })).runId;
  const isDone = async (runId: number) =>
    until(
      async () => store.find(runId)?.phase,
      (phase) => phase === "done",
    );

  it("reads no run but the one that something happened to, and the one that may follow it", async () => {
    const busy = createJob(1);
    const [first = 0, second = 0, ...others] = Array.from({ length: 20 }, () => start(busy));
    const starved = createJob(100);
    const [third = 0, fourth = 0, ...waiting] = Array.from({ length: 20 }, () => start(starved));
    expect([...held.keys()]).toEqual([first, third]);
    const untouched = (...ids: number[]) =>
      [...others, ...waiting].filter((id) => store.read.has(id) && !ids.includes(id));

    store.read.clear();
    const fresh = start(createJob(1));
    expect([...store.read].filter((id) => id !== fresh)).toEqual([]);

    store.read.clear();
    held.get(third)?.();
    await isDone(third);
    expect([...held.keys()]).toEqual([first, third, fourth]);
    expect(untouched()).toEqual([]);

    store.read.clear();
    held.get(first)?.();
    await isDone(first);
    // The next run of the job is admitted, and waits for a slot behind those that came before it.
    expect(store.find(second)?.phase).toBe("active");
    expect(untouched(waiting[0] ?? 0)).toEqual([]);
  });
});
