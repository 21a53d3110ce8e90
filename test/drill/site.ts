import { mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { BlobServiceClient, type BlockBlobClient } from "@azure/storage-blob";
import { FakeJobs, type FakeBehaviour } from "../../local/fake-jobs";
import { startFunctionsHost, type FunctionsHostProcess } from "../../local/functions-host/spawn";
import { REPO_ROOT } from "../../local/paths";
import type { RunView } from "../../src/api/runs/views";
import type { DropRecord } from "../../src/domain/drop";
import type { Ledger } from "../../src/ledger/ledger";
import { startAzurite } from "../support/azurite";
import { openLedger } from "../support/ledger";

/** Whoever mends by one of these has a pipeline of its own, so that both can mend the same fault at the same time. */
export const DOORS = ["cli", "mcp"] as const;
export type DoorName = (typeof DOORS)[number];

export const JOB = "job-count";
/** Deployed late: its first run meets a workspace without it. */
export const LATE_JOB = "job-late";
const DEPLOYMENT = "drill";

interface Definition {
  readonly [key: string]: unknown;
}

const stepOf = (job: string, timeoutSeconds: number) => ({
  ...{ name: job.replace("job-", ""), job, readsManifest: true, timeoutSeconds, parameters: {} },
  retry: { maxGenerations: 1, firstDelaySeconds: 1, backoff: 1 },
});

/** Each door has a container of its own: what fits no pattern is shown by the first pipeline of its container. */
export const containerOf = (name: string): string => (name.includes("mcp") ? "drops-mcp" : "drops-cli");

/** A pipeline of one step; it takes files below a folder of its name. */
export function definition(name: string, over: Definition = {}): Definition {
  const container = containerOf(name);
  const pathPattern = `^${name}/(?<source>[a-z]+)/.+\\.csv$`;
  return {
    ...{ name, description: `the drill by ${name}`, concurrencyGroup: name, window: { rule: "watermark" } },
    ...{ schedule: "0 0 3 1 1 *", approveCatchUpAbove: 1, steps: [stepOf(JOB, 120)] },
    drops: { container, pathPattern, quietPeriodSeconds: 1, maxWaitSeconds: 2, freeze: "copy" },
    ...over,
  };
}

/** The built app in the embedded host with storage and a scripted Jobs API, and what a fault is caused with. */
export class Site {
  readonly jobNames = [JOB];
  readonly behaviours = new Map<string, FakeBehaviour[]>();
  readonly jobs = new FakeJobs(this.jobNames, (_job, _nth, { run_id = "" }) => {
    const door = run_id.split("-")[0] ?? "";
    return this.behaviours.get(door)?.shift() ?? { delayMs: 50 };
  });
  private readonly folder = mkdtempSync(join(tmpdir(), "bk-drill-"));
  private storage!: Awaited<ReturnType<typeof startAzurite>>;
  private databricks = "";
  private host!: FunctionsHostProcess;
  private blobs!: BlobServiceClient;
  ledger!: Ledger;

  async start(): Promise<void> {
    mkdirSync(join(this.folder, "pipelines"));
    this.storage = await startAzurite();
    const blobs = BlobServiceClient.fromConnectionString(this.storage.connectionString);
    for (const name of [...DOORS.map(containerOf), "batches", "results"]) await blobs.createContainer(name);
    this.blobs = blobs;
    this.databricks = await this.jobs.start();
    this.ledger = openLedger(this.storage.connectionString, DEPLOYMENT, DEPLOYMENT);
    this.jobs.filesInManifest = async (runId) => (await this.ledger.manifests.find(runId))?.files.length ?? 0;
    for (const door of DOORS) {
      this.define(definition(door));
      this.define(definition(`old-${door}`, { concurrencyGroup: door }));
      this.define(definition(`${door}-late`, { steps: [stepOf(LATE_JOB, 3)], drops: undefined, schedule: undefined }));
    }
    await this.boot();
  }

  async stop(): Promise<void> {
    await this.host.stop();
    await this.jobs.stop();
    await this.storage.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get url(): string {
    return `${this.host.url}/api`;
  }

  /** What a data engineer changes: the definition is there from the next start on. */
  define(definition: Definition): void {
    writeFileSync(this.fileOf(String(definition["name"])), JSON.stringify(definition));
  }

  undefine(name: string): void {
    unlinkSync(this.fileOf(name));
  }

  async restart(): Promise<void> {
    await this.host.stop();
    await this.boot();
  }

  async put(path: string, text = "meter,value\na,1\n"): Promise<void> {
    await this.blob(path).upload(text, Buffer.byteLength(text));
  }

  /** A blob in the container of its door. */
  blob(path: string): BlockBlobClient {
    return this.blobs.getContainerClient(containerOf(path)).getBlockBlobClient(path);
  }

  /** The newest version of a path that the ledger knows. */
  async drop(path: string): Promise<DropRecord | undefined> {
    return (await this.ledger.drops.versions(containerOf(path), path)).at(-1);
  }

  /** Calls the API as a source system or a colleague does, without a door. */
  async api<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
    const headers = { "content-type": "application/json" };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return (await (await fetch(`${this.url}/v1/${path}`, init)).json()) as T;
  }

  async startRun(pipeline: string, behaviour?: FakeBehaviour): Promise<string> {
    const [door = ""] = pipeline.split("-");
    if (behaviour) this.behaviours.set(door, [...(this.behaviours.get(door) ?? []), behaviour]);
    return (await this.api<RunView>("POST", `pipelines/${pipeline}/runs`, { rerun: true })).id;
  }

  /** Asks for a run that goes as told, and waits for its end. */
  async runTo(state: string, pipeline: string, behaviour?: FakeBehaviour): Promise<RunView> {
    return this.inState(await this.startRun(pipeline, behaviour), state);
  }

  async inState(runId: string, state: string): Promise<RunView> {
    return this.until(`run ${runId} is ${state}`, async () => {
      const run = await this.api<RunView>("GET", `runs/${runId}`);
      return run.state === state ? run : null;
    });
  }

  /** The newest run of a pipeline. */
  async newest(pipeline: string): Promise<RunView> {
    const { value } = await this.api<{ value: RunView[] }>("GET", `runs?pipeline=${pipeline}&top=10`);
    // Those of one second are listed in the order of their random ends.
    const newest = value.sort((a, b) => a.createdAt.localeCompare(b.createdAt)).at(-1);
    if (!newest) throw new Error(`${pipeline} has no run`);
    return newest;
  }

  async databricksRunOf(runId: string) {
    return this.until(`a Databricks run of ${runId}`, async () =>
      this.jobs.runs.findLast(({ parameters }) => parameters["run_id"] === runId),
    );
  }

  /** A run is no longer too new for the lists of Databricks: its call of run-now was ten minutes ago. */
  async hasRunForMinutes(runId: string): Promise<void> {
    const lastSubmittedAt = new Date(Date.now() - 600_000).toISOString();
    for (const { ordinal, generation } of await this.ledger.generations.list(runId))
      await this.ledger.generations.change(runId, ordinal, generation, () => ({ lastSubmittedAt }));
  }

  async dropIs(path: string, state: string): Promise<void> {
    await this.until(`${path} is ${state}`, async () => (await this.drop(path))?.state === state);
  }

  async sweep(): Promise<void> {
    await fetch(new URL("/admin/functions/sweeper", this.host.url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
  }

  /** @throws Error with the host's last output when it does not come in time */
  async until<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
    for (const deadline = Date.now() + 150_000; Date.now() < deadline; await pause(150)) {
      const found = await look();
      if (found) return found;
    }
    throw new Error(`in vain: ${what}\n${this.host.output().slice(-4000)}`);
  }

  private fileOf(name: string): string {
    return join(this.folder, "pipelines", `${name}.json`);
  }

  private async boot(): Promise<void> {
    const { connectionString } = this.storage;
    this.host = await startFunctionsHost({
      appDir: REPO_ROOT,
      stateDir: join(this.folder, "host"),
      env: {
        ...{ AzureWebJobsStorage: connectionString, DATA_STORAGE: connectionString },
        ...{ DEPLOYMENT_ID: DEPLOYMENT, LEDGER_TABLE_PREFIX: DEPLOYMENT, TASK_HUB: DEPLOYMENT },
        ...{ DATABRICKS_HOST: this.databricks, DATABRICKS_AUTH: "token", DATABRICKS_TOKEN: "drill-token" },
        ...{ DATABRICKS_CATALOG: "c", DATABRICKS_SCHEMA: "s", DATABRICKS_VOLUME_ROOT: "/volumes" },
        PIPELINES_DIR: join(this.folder, "pipelines"),
      },
    });
  }
}
