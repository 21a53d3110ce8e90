import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { PipelineApi, type RunView } from "../../local/demo/api";
import { dropFiles } from "../../local/demo/drops";
import { simulate } from "../../local/demo/simulate";
import { Stack } from "../../local/stack/stack";
import { last } from "../support/meters";
import { deployTo } from "../support/packaged-app";
import { notebookProcesses } from "../support/processes";
import { runNotebook } from "../support/run-notebook";

jest.setTimeout(900_000);

const MACHINES = 20;
const HISTORY_END = "2015-06-27";
const [FIRST_DAY, SECOND_DAY] = ["2015-06-28", "2015-06-29"] as const;
/** Two as-of points a day, four components, three horizons. */
const PREDICTIONS_A_DAY = MACHINES * 2 * 12;

/** The shipped scenario, whole: the package as it is deployed, real notebooks on real Spark. The tests build on each other, like nights. */
describe("predictive maintenance", () => {
  const folder = mkdtempSync(join(tmpdir(), "batchkeeper-e2e-"));
  const files = join(folder, "files");
  let stack: Stack;
  let api: PipelineApi;
  let drops: ContainerClient;
  let telemetryVersion: unknown;

  beforeAll(async () => {
    const span = ["--start", "2015-01-01", "--end", SECOND_DAY, "--history-until", HISTORY_END, "--quiet"];
    await simulate(["--out", files, "--machines", String(MACHINES), "--seed", "3", ...span], () => undefined);
    deployTo(join(folder, "app"));
    stack = await Stack.start({
      stateDir: join(folder, "state"),
      appDir: join(folder, "app"),
      memory: "2g",
      times: { quietPeriodSeconds: 2, maxWaitSeconds: 60, retryDelaySeconds: 1 },
    });
    api = new PipelineApi(stack.functions.url);
    drops = BlobServiceClient.fromConnectionString(stack.storage.connectionString).getContainerClient("drops");
  });

  afterAll(async () => {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Makes one batch of a delivery, however long its events take on a busy machine. @param deliver gives how many drops there are */
  const collect = async (deliver: () => Promise<number>): Promise<string> => {
    const known = await api.listRunIds("scoring");
    await api.pause("scoring", "a delivery is on its way");
    const count = await deliver();
    for (const deadline = Date.now() + 120_000; Date.now() < deadline; await pause(200))
      if ((await api.listDrops("scoring", { state: "pending" })).length >= count) break;
    await api.resume("scoring", "the delivery is there");
    return api.nextRun("scoring", known, 60_000);
  };
  const end = async (id: string): Promise<RunView> => api.waitForRun(id, () => undefined);
  const put = async (path: string, text: string): Promise<unknown> =>
    drops.getBlockBlobClient(path).upload(text, Buffer.byteLength(text));
  const drop = async (day: string): Promise<number> => (await dropFiles(drops, files, day)).length;
  const dayFile = (source: string, day: string): string =>
    gunzipSync(readFileSync(join(files, source, `${day}.csv.gz`))).toString();
  const outcome = (run: RunView): string =>
    readFileSync(join(stack.volumeRoot, "batches", run.id, "outcome", "ingestion.json"), "utf8");
  const running = async (id: string, step: string): Promise<void> => {
    for (;;) {
      const run = await api.getRun(id);
      const found = run.steps.find(({ name }) => name === step);
      if (found?.generations.at(-1)?.databricksRunId) return;
      if (run.endedAt) throw new Error(`run ${id} ended before its step ${step} began`);
      await pause(100);
    }
  };

  const killNotebook = async (): Promise<number> => {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await pause(20)) {
      const found = notebookProcesses(join(folder, "state", "databricks"));
      for (const pid of found) process.kill(pid, "SIGKILL");
      if (found.length > 0) return found.length;
    }
    return 0;
  };

  it("ends the first batch as not ready: its data stand, and no champion is there", async () => {
    const run = await end(await collect(async () => drop(HISTORY_END)));

    expect(run).toMatchObject({ state: "not_ready", batch: { drops: 5 } });
    expect(last(run, "ingestion").counts).toMatchObject({ filesRead: 5, filesQuarantined: 0, rowsQuarantined: 0 });
    expect(last(run, "scoring").reason).toContain("champion");
  });

  it("trains a model, which a person then promotes", async () => {
    // So small a fleet gives no model that beats the rule: the gate judges nothing here.
    const parameters = { validation_days: "15", test_days: "15", gate_mode: "disabled", trees: "5", depth: "4" };
    const { id } = await api.startRun("training", { parameters }, "e2e-training");
    const run = await end(id);

    expect([run.state, run.error]).toEqual(["succeeded", null]);
    const model = last(run, "training").model;
    expect(model?.version).toBe("1");
    const name = JSON.stringify(model?.name);
    await runNotebook(
      stack.databricks,
      `from mlflow import MlflowClient\nMlflowClient().set_registered_model_alias(${name}, "champion", "1")`,
    );
  });

  it("sets corrupt rows and a file without a column aside, and survives kill -9 of the functions host during features", async () => {
    const [header, first, ...rest] = dayFile("telemetry", FIRST_DAY).split("\r\n");
    const telemetry = [
      header,
      first?.replace(/,[^,]*$/, ",many"),
      `${HISTORY_END} 07:00:00,9999,1,1,1,1`,
      "no row at all",
      ...rest,
    ];
    const id = await collect(async () => {
      await put(`telemetry/${FIRST_DAY}.csv`, telemetry.join("\r\n"));
      await put(`errors/${FIRST_DAY}.csv`, `"datetime","machineID"\r\n${FIRST_DAY} 06:00:00,1\r\n`);
      await put(`maint/${FIRST_DAY}.csv`, dayFile("maint", FIRST_DAY));
      await put(`failures/${FIRST_DAY}.csv`, "");
      return 4;
    });
    await running(id, "features");
    await stack.functions.stop("SIGKILL");
    await stack.startFunctions();
    const run = await end(id);

    expect(run.state).toBe("succeeded");
    expect(run.steps.map(({ generations }) => generations.length)).toEqual([1, 1, 1]);
    expect(last(run, "ingestion").counts).toMatchObject({ filesListed: 4, filesQuarantined: 1, rowsQuarantined: 3 });
    expect(last(run, "ingestion").warnings.join("\n")).toContain(`errors/${FIRST_DAY}.csv`);
    expect(outcome(run)).toContain("missing_column");
    expect(outcome(run)).toContain(`telemetry/${FIRST_DAY}.csv`);
  });

  it("goes on to one correct result after kill -9 of the notebook process during scoring", async () => {
    const id = await collect(async () => {
      const count = await drop(SECOND_DAY);
      // The errors of the day before come late: the points they hold back are scored now.
      await put(`errors/${FIRST_DAY}.csv`, dayFile("errors", FIRST_DAY));
      return count + 1;
    });
    await running(id, "scoring");
    const killed = await killNotebook();
    const run = await end(id);

    expect(killed).toBe(1);
    expect([run.state, last(run, "scoring").reason]).toEqual(["succeeded", null]);
    const generations = run.steps.find(({ name }) => name === "scoring")?.generations ?? [];
    expect(generations.map(({ verdict }) => verdict?.kind)).toEqual(["failed", "succeeded"]);
    expect(generations[0]?.verdict?.cause).toBe("platform");
    const counts = last(run, "scoring").counts ?? {};
    expect((counts["predictionsWritten"] ?? 0) % (MACHINES * 12)).toBe(0);
    expect(counts["predictions"]).toBeGreaterThanOrEqual(PREDICTIONS_A_DAY);
    telemetryVersion = last(run, "ingestion").tables?.["telemetry"];
  });

  it("writes nothing when the same day is dropped again", async () => {
    const again = await end(await collect(async () => drop(SECOND_DAY)));

    expect(last(again, "ingestion").counts).toMatchObject({ rowsAccepted: 0, rowsQuarantined: 0 });
    expect(last(again, "ingestion").tables?.["telemetry"]).toEqual(telemetryVersion);
    expect(last(again, "scoring").counts?.["predictionsWritten"] ?? 0).toBe(0);
  });
});
