import { BlobServiceClient } from "@azure/storage-blob";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalStorage } from "../../../local/stack/azurite";
import { startAzurite } from "../../support/azurite";
import { Bench } from "./harness";
import type { WireRun } from "./wire";

jest.setTimeout(60_000);

const RUN = "scoring-20151116t063000-1a2b3c4d";
const MANIFEST = `batches/${RUN}/manifest.json`;
const bench = new Bench();
const volumeRoot = join(bench.stateDir, "root");
let storage: LocalStorage;
let blobs: BlobServiceClient;

const put = async (container: string, name: string, text: string) =>
  blobs.getContainerClient(container).getBlockBlobClient(name).upload(text, Buffer.byteLength(text));
const read = async (container: string, name: string) =>
  (await blobs.getContainerClient(container).getBlobClient(name).downloadToBuffer()).toString();
const jobParameters = { manifest_path: MANIFEST, volume_root: volumeRoot };
const inVolume = (path: string) => join(volumeRoot, path);

async function runLines(...lines: string[]): Promise<WireRun> {
  return bench.ended(await bench.runNow(await bench.job(lines), { job_parameters: jobParameters }));
}

beforeAll(async () => {
  storage = await startAzurite();
  blobs = BlobServiceClient.fromConnectionString(storage.connectionString);
  for (const name of ["batches", "results"]) await blobs.createContainer(name);
  const frozenPath = `batches/${RUN}/files/telemetry/2015-11-15.csv`;
  await put(
    "batches",
    `${RUN}/manifest.json`,
    JSON.stringify({ manifestVersion: 1, runId: RUN, files: [{ path: "telemetry/2015-11-15.csv", frozenPath }] }),
  );
  await put("batches", `${RUN}/files/telemetry/2015-11-15.csv`, "a,b\n1,2\n");
  await bench.start({ storage: storage.connectionString, storageRetryMs: 1500 });
});
afterAll(async () => {
  await bench.remove();
  await storage.stop();
});

describe("volumes behind a task", () => {
  it("hold the manifest's files before the notebook starts, and are not fetched twice", async () => {
    const run = await runLines(`read batches/${RUN}/files/telemetry/2015-11-15.csv`);
    const file = inVolume(`batches/${RUN}/files/telemetry/2015-11-15.csv`);
    const { ino } = statSync(file);
    await runLines("exit");

    expect((await bench.output(run.run_id)).notebook_output.result).toBe("a,b\n1,2\n");
    expect(statSync(file).ino).toBe(ino);
  });

  it("fetch a blob anew that changed, and a file that was damaged", async () => {
    await put("batches", `${RUN}/files/telemetry/2015-11-15.csv`, "a,b\n3,4\n");
    await runLines("exit");
    expect(readFileSync(inVolume(`batches/${RUN}/files/telemetry/2015-11-15.csv`), "utf8")).toBe("a,b\n3,4\n");

    writeFileSync(inVolume(`batches/${RUN}/files/telemetry/2015-11-15.csv`), "a");
    await runLines("exit");
    expect(readFileSync(inVolume(`batches/${RUN}/files/telemetry/2015-11-15.csv`), "utf8")).toBe("a,b\n3,4\n");
  });

  it("hand outcome and results to the storage before the task is terminal, failed or not", async () => {
    await runLines(
      `write batches/${RUN}/outcome/ingestion.json {"n":1}`,
      `write results/${RUN}/day/scores.csv 1,2`,
      "raise X: y",
    );

    expect(await read("batches", `${RUN}/outcome/ingestion.json`)).toBe('{"n":1}');
    expect(await read("results", `${RUN}/day/scores.csv`)).toBe("1,2");
  });

  it("upload a changed file again, an unchanged one not", async () => {
    const blob = blobs.getContainerClient("results").getBlobClient(`${RUN}/day/scores.csv`);
    const before = (await blob.getProperties()).etag;
    await runLines(`write batches/${RUN}/outcome/ingestion.json {"n":22}`);

    expect(await read("batches", `${RUN}/outcome/ingestion.json`)).toBe('{"n":22}');
    expect((await blob.getProperties()).etag).toBe(before);
  });

  it("are the notebook's only way to the storage: its key is not in the environment", async () => {
    process.env["DATA_STORAGE"] = storage.connectionString;
    const fresh = new Bench();
    await fresh.start({ storage: storage.connectionString });
    const runId = await fresh.runNow(await fresh.job(["environment"]));
    await fresh.ended(runId);
    delete process.env["DATA_STORAGE"];
    const names = (await fresh.output(runId)).notebook_output.result.split(" ");
    await fresh.remove();

    expect(names).toContain("DATABRICKS_TOKEN");
    expect(names).not.toContain("DATA_STORAGE");
  });

  it("never write outside the volume root, whatever a manifest says", async () => {
    const run = "evil-20151116t063000-1a2b3c4d";
    await put(
      "batches",
      `${run}/manifest.json`,
      JSON.stringify({ files: [{ path: "x", frozenPath: "../escaped/x" }] }),
    );

    const parameters = { manifest_path: `batches/${run}/manifest.json`, volume_root: volumeRoot };
    const ended = await bench.ended(await bench.runNow(await bench.job(["exit"]), { job_parameters: parameters }));

    expect(ended.status.termination_details).toMatchObject({
      code: "STORAGE_ACCESS_ERROR",
      message: expect.stringContaining("outside the volume root"),
    });
    expect(existsSync(join(bench.stateDir, "escaped"))).toBe(false);
  });

  it("leave a missing blob missing: the notebook says so itself, as in Azure", async () => {
    const parameters = { manifest_path: "batches/none/manifest.json", volume_root: volumeRoot };
    const run = await bench.ended(
      await bench.runNow(await bench.job(["read batches/none/manifest.json"]), { job_parameters: parameters }),
    );

    expect(run.status.termination_details.code).toBe("RUN_EXECUTION_ERROR");
    expect((await bench.output(run.run_id)).error).toContain("ENOENT");
  });

  it("end the task as a cloud failure when the storage stays down, and as cancelled when a user gives up first", async () => {
    await storage.stop();

    const down = await runLines("exit");
    const runId = await bench.runNow(await bench.job(["exit"]), { job_parameters: jobParameters });
    await bench.call("POST", "/api/2.2/jobs/runs/cancel", { run_id: runId });
    const cancelled = await bench.ended(runId);

    expect(down.status.termination_details).toMatchObject({ code: "STORAGE_ACCESS_ERROR", type: "CLOUD_FAILURE" });
    expect(down.state).toMatchObject({ life_cycle_state: "INTERNAL_ERROR", result_state: "FAILED" });
    expect(cancelled.state.result_state).toBe("CANCELED");
  });
});
