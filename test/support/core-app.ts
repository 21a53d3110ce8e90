import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { BlobServiceClient } from "@azure/storage-blob";
import { startFunctionsHost, type FunctionsHostProcess } from "../../local/functions-host/spawn";
import { REPO_ROOT } from "../../local/paths";
import { startAzurite } from "./azurite";
import { FakeJobs, type Script } from "../../local/fake-jobs";

const JOBS = ["meters-count", "meters-total", "meters-rank"];

/** A run as the HTTP API shows it, as far as tests look. */
export interface RunView {
  readonly id: string;
  readonly state: string;
  readonly [key: string]: unknown;
}

/** The whole app on the embedded host, over Azurite and a fake Jobs API, with the definitions of the second scenario. */
export class CoreApp {
  private constructor(
    readonly jobs: FakeJobs,
    readonly storage: Awaited<ReturnType<typeof startAzurite>>,
    readonly blobs: BlobServiceClient,
    private readonly databricksUrl: string,
    private readonly stateDir: string,
    private readonly deliverTwice: boolean,
    public host: FunctionsHostProcess,
  ) {}

  static async start(script: Script, options: { deliverTwice?: boolean } = {}): Promise<CoreApp> {
    const storage = await startAzurite();
    const blobs = BlobServiceClient.fromConnectionString(storage.connectionString);
    for (const name of ["drops", "batches", "results"]) await blobs.getContainerClient(name).createIfNotExists();
    const jobs = new FakeJobs(JOBS, script);
    const url = await jobs.start();
    jobs.filesInManifest = async (runId) => (await manifest(blobs, runId))?.files.length ?? 0;
    const stateDir = mkdtempSync(join(tmpdir(), "core-app-"));
    const deliverTwice = options.deliverTwice ?? false;
    const host = await boot(storage.connectionString, url, stateDir, deliverTwice);
    return new CoreApp(jobs, storage, blobs, url, stateDir, deliverTwice, host);
  }

  /** Kills the host as a crash would and starts it again on the same state. */
  async crash(): Promise<void> {
    await this.host.stop("SIGKILL");
    this.host = await boot(this.storage.connectionString, this.databricksUrl, this.stateDir, this.deliverTwice);
  }

  async stop(): Promise<void> {
    await this.host.stop();
    await this.jobs.stop();
    await this.storage.stop();
    // For scripts/record-histories.mjs.
    const keep = process.env["BATCHKEEPER_KEEP_STATE"];
    if (keep) cpSync(this.stateDir, join(keep, basename(this.stateDir)), { recursive: true });
    rmSync(this.stateDir, { recursive: true, force: true });
  }

  async drop(path: string, text = "meter,value\na,1\n"): Promise<void> {
    await this.blobs.getContainerClient("drops").getBlockBlobClient(path).upload(text, Buffer.byteLength(text));
  }

  async api(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: RunView }> {
    const init = {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const response = await fetch(`${this.host.url}/api/v1/${path}`, init);
    const text = await response.text();
    return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as RunView };
  }

  async runs(): Promise<RunView[]> {
    const { body } = await this.api("GET", "runs");
    return (body["value"] ?? []) as RunView[];
  }

  async manifest(runId: string): Promise<{ files: { path: string; etag: string }[] } | null> {
    return manifest(this.blobs, runId);
  }

  /** Waits until `look` gives something. @throws Error with the host's last output when it does not in time */
  async until<T>(what: string, look: () => Promise<T | null | undefined | false>, seconds = 60): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    while (Date.now() < deadline) {
      const found = await look();
      if (found) return found;
      await pause(200);
    }
    throw new Error(`waited ${seconds} s in vain: ${what}\n${this.host.output().slice(-6000)}`);
  }

  async ended(runId: string, seconds = 60): Promise<RunView> {
    return this.until(
      `the end of ${runId}`,
      async () => {
        const { body } = await this.api("GET", `runs/${runId}`);
        return ["requested", "queued", "running"].includes(body.state) ? null : body;
      },
      seconds,
    );
  }
}

async function manifest(
  blobs: BlobServiceClient,
  runId: string,
): Promise<{ files: { path: string; etag: string }[] } | null> {
  const blob = blobs.getContainerClient("batches").getBlobClient(`${runId}/manifest.json`);
  if (!(await blob.exists())) return null;
  return JSON.parse((await blob.downloadToBuffer()).toString()) as { files: { path: string; etag: string }[] };
}

async function boot(
  connectionString: string,
  databricksUrl: string,
  stateDir: string,
  deliverTwice: boolean,
): Promise<FunctionsHostProcess> {
  return startFunctionsHost({
    appDir: REPO_ROOT,
    stateDir,
    deliverTwice,
    env: {
      AzureWebJobsStorage: connectionString,
      DATA_STORAGE: connectionString,
      DEPLOYMENT_ID: "test",
      TASK_HUB: "test",
      DATABRICKS_HOST: databricksUrl,
      DATABRICKS_AUTH: "token",
      DATABRICKS_TOKEN: "test-token",
      DATABRICKS_CATALOG: "spark_catalog",
      DATABRICKS_SCHEMA: "meters",
      DATABRICKS_VOLUME_ROOT: "/volumes",
      PIPELINES_DIR: join(REPO_ROOT, "test", "fixtures", "second-scenario", "pipelines"),
    },
  });
}
