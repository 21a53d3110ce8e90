import { BlobServiceClient } from "@azure/storage-blob";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PipelineApi, type RunView } from "../../local/demo/api";
import { NODE, REPO_ROOT } from "../../local/paths";
import { Stack } from "../../local/stack/stack";
import { last } from "../support/meters";
import { machines, ODD_DROPS, wholeDay } from "../support/odd-drops";
import { runNotebook } from "../support/run-notebook";

jest.setTimeout(900_000);

/** Machine 2 leaves with the 4th; machine 3 sends from the day that ends on the 5th on and is registered on the 6th. */
const FLEET: Readonly<Record<string, string>> = {
  "machines/2015-11-03.csv": machines(1, 2),
  "machines/2015-11-04.csv": machines(1),
  "machines/2015-11-06.csv": machines(1, 3),
  "telemetry/2015-11-03.csv": wholeDay("2015-11-03", 160, 1, 2),
  "telemetry/2015-11-04.csv": wholeDay("2015-11-04", 161, 1),
  "telemetry/2015-11-05.csv": wholeDay("2015-11-05", 162, 1, 3),
  "telemetry/2015-11-06.csv": wholeDay("2015-11-06", 163, 1, 3),
  "errors/2015-11-03_2015-12-31.csv": "datetime,machineID,errorID\n",
  "maint/2015-11-03_2015-12-31.csv": "datetime,machineID,comp\n",
  "failures/2015-11-03_2015-12-31.csv": "datetime,machineID,failure\n",
};

/** What stands in the tables, by drop path; the as-of points by machine: how many, the first, the last. */
interface Found {
  readonly stored: Readonly<Record<string, readonly number[]>>;
  readonly rejected: Readonly<Record<string, readonly string[]>>;
  readonly covers: Readonly<Record<string, boolean>>;
  readonly points: Readonly<Record<string, readonly [string, string, string]>>;
}

const LOOK = `
import json
spark.sql("USE spark_catalog.batchkeeper")
def grouped(statement):
    return {row[0]: row[1] for row in spark.sql(statement).collect()}
dbutils.notebook.exit(json.dumps({
    "stored": grouped("SELECT source_path, sort_array(collect_list(volt)) FROM telemetry JOIN ingest_files USING (file_id) GROUP BY 1"),
    "rejected": grouped("SELECT source_path, sort_array(collect_list(rule)) FROM quarantine GROUP BY 1"),
    "covers": grouped("SELECT source_path, covers_to IS NOT NULL AND status = 'read' FROM ingest_log"),
    "points": grouped("SELECT machine_id, array(CAST(count(*) AS STRING), date_format(min(as_of), 'MM-dd HH'), "
                      "date_format(max(as_of), 'MM-dd HH')) FROM features GROUP BY 1"),
}))`;

/** All of them in one batch of the shipped pipeline: blob, trigger, freeze, real Spark, tables. Its steps share a Databricks run. */
describe("odd drops among sound ones", () => {
  const folder = mkdtempSync(join(tmpdir(), "batchkeeper-odd-"));
  const odd = Object.values(ODD_DROPS).flat();
  let stack: Stack;
  let run: RunView;
  let found: Found;
  let ledger: Map<string, { state: string; reason?: string | null }>;

  beforeAll(async () => {
    const bundleDir = join(folder, "bundle");
    execFileSync(NODE, [join(REPO_ROOT, "scripts", "bundle.mjs"), "--compute", "shared", "--out", bundleDir]);
    stack = await Stack.start({
      bundleDir,
      settings: { DATABRICKS_RUNS: "pipeline" },
      stateDir: join(folder, "state"),
      memory: "2g",
      times: { quietPeriodSeconds: 10, maxWaitSeconds: 120, retryDelaySeconds: 1 },
    });
    const drops = BlobServiceClient.fromConnectionString(stack.storage.connectionString).getContainerClient("drops");
    const sound = Object.entries(FLEET).map(([path, content]) => ({ path, content, archived: false }));
    for (const { path, content, archived } of [...odd, ...sound]) {
      const data = Buffer.from(content);
      await drops.getBlockBlobClient(path).upload(data, data.length, archived ? { tier: "Archive" } : {});
    }
    const api = new PipelineApi(stack.functions.url);
    run = await api.waitForRun(await api.nextRun("scoring", new Set(), 180_000), () => undefined);
    const listed = await api.listDrops("scoring", { top: "200" });
    ledger = new Map(listed.map((drop) => [drop.path, drop]));
    found = JSON.parse((await runNotebook(stack.databricks, LOOK)) ?? "{}") as Found;
  });

  afterAll(async () => {
    await stack?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("do not fail their batch", () => {
    const files = odd.length - 1 + Object.keys(FLEET).length;
    const aside = odd.filter(({ rejected, covers }) => covers === false && rejected?.[0]?.includes(":") === false);

    // No champion is there: the steps before have done their work.
    expect([run.state, run.error?.step]).toEqual(["not_ready", "scoring"]);
    expect(run.steps[0]?.generations).toHaveLength(1);
    expect(last(run, "ingestion").counts).toMatchObject({ filesListed: files, filesQuarantined: aside.length });
  });

  it("go through one Databricks run of three tasks", () => {
    const generations = run.steps.flatMap((step) => step.generations);

    expect(run.steps.map(({ name }) => name)).toEqual(["ingestion", "features", "scoring"]);
    expect(generations.map(({ verdict }) => verdict?.kind)).toEqual(Array(3).fill("succeeded"));
    expect(new Set(generations.map(({ databricksRunId }) => databricksRunId)).size).toBe(1);
    // One DBU an hour by the definition: the price of a night is worked out from this (docs/deploy.md).
    const seconds = generations.reduce((sum, { durationSeconds }) => sum + (durationSeconds ?? 0), 0);
    expect(seconds).toBeGreaterThan(1);
    expect(run.cost.databricksSeconds).toBeCloseTo(seconds, 2);
    expect(run.cost).toMatchObject({ dbuSeconds: run.cost.databricksSeconds, atLeast: false });
  });

  it.each(Object.entries(ODD_DROPS))("%s", (_, drops) => {
    for (const { path, stored = [], rejected = [], covers } of drops) {
      const tables = [found.stored[path] ?? [], found.rejected[path] ?? [], found.covers[path] ?? null];
      expect([path, ...tables]).toEqual([path, stored, [...rejected].sort(), covers]);
      expect(ledger.get(path)?.state).toBe(covers === null ? "quarantined" : "batched");
    }
  });

  it("leave a reason in the ledger where their bytes cannot be had", () => {
    expect(ledger.get("telemetry/2015-12-27.csv")?.reason).toContain("archive tier");
  });

  it("are no reason to score who has left, or who was not there yet", () => {
    expect(found.points).toEqual({
      1: ["8", "11-02 18", "11-06 06"],
      2: ["2", "11-02 18", "11-03 06"],
      3: ["4", "11-04 18", "11-06 06"],
    });
  });
});
