import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPO_ROOT } from "../../../local/paths";
import { Bench } from "./harness";

/** The bundle's own jobs, and its copies for other compute: each is created from its files and runs. */
describe.each(["pool", "shared", "existing", "serverless"])("the bundle with compute %s", (compute) => {
  const bench = new Bench();
  const copy = mkdtempSync(join(tmpdir(), "bk-compute-"));
  const bundleDir = compute === "pool" ? REPO_ROOT : copy;

  beforeAll(async () => {
    const script = join(REPO_ROOT, "scripts", "bundle.mjs");
    if (compute !== "pool") execFileSync(process.execPath, [script, "--compute", compute, "--out", copy]);
    await bench.start({ bundleDir, target: "local" });
  });
  afterAll(async () => {
    await bench.remove();
    rmSync(copy, { recursive: true });
  });

  it("has its jobs created, and each runs its notebook of that bundle", async () => {
    const { body } = await bench.call("GET", "/api/2.2/jobs/list?limit=100");
    const names = body.jobs.map(({ settings }) => settings.name).sort();
    const shared = body.jobs.find(({ settings }) => settings.name === "batchkeeper-scoring-run");
    const runs = await Promise.all(body.jobs.map(async ({ job_id }) => bench.ended(await bench.runNow(job_id))));

    expect(names).toHaveLength(compute === "shared" ? 9 : 8);
    for (const run of runs) {
      expect(run.tasks).toHaveLength(run.job_id === shared?.job_id ? 3 : 1);
      // The stand-in of Spark does nothing with our notebooks: that they were handed over is what counts.
      for (const { notebook_task: task } of run.tasks) expect(task?.notebook_path).toMatch(/\/files\/notebooks\/\w+$/);
      expect(run.status.termination_details?.code).toBe("SUCCESS");
    }
  });
});
