import { BlobServiceClient } from "@azure/storage-blob";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createStorageClients } from "../../../src/config/storage-clients";
import { AzureBlobs } from "../../../src/ledger/azure-blobs";
import { AzureTable } from "../../../src/ledger/azure-table";
import { createLedger, type Ledger } from "../../../src/ledger/ledger";
import type { TablePort } from "../../../src/ledger/ports";
import { FakeJobs } from "../../fake-jobs";
import { startFunctionsHost, type FunctionsHostProcess } from "../../functions-host/spawn";
import { REPO_ROOT } from "../../paths";
import { freePort } from "../../ports";
import { startAzurite, storageConnectionString, type LocalStorage } from "../../stack/azurite";
import { CallCounter, type CallCount } from "./call-counter";
import { benchDefinitions, BENCH_JOBS } from "./definitions";

const DEPLOYMENT = "bench";
/** The app's own default; the bench writes the same tables. */
const TABLE_PREFIX = "batchkeeper";
const CONTAINERS = ["drops", "batches", "results"] as const;
/** Only events tell of blobs: no scan of the host's stands among the counted calls. */
const NEVER_MS = 3_600_000;

/** The whole app on the embedded host. What it asks of the storage goes through counters; what the bench asks goes past them. */
export class ServiceStack {
  private constructor(
    private readonly folder: string,
    private readonly storage: LocalStorage,
    private readonly counters: { readonly blob: CallCounter; readonly table: CallCounter },
    readonly jobs: FakeJobs,
    readonly host: FunctionsHostProcess,
    readonly blobs: BlobServiceClient,
    readonly ledger: Ledger,
  ) {}

  /** `disabled`: functions that do not listen; they can be invoked all the same. */
  static async start(disabled: readonly string[]): Promise<ServiceStack> {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const storage = await startAzurite({ ports });
    const blob = await CallCounter.start(ports[0]);
    const table = await CallCounter.start(ports[2]);
    const blobs = BlobServiceClient.fromConnectionString(storage.connectionString);
    for (const name of CONTAINERS) await blobs.getContainerClient(name).createIfNotExists();
    const jobs = new FakeJobs(BENCH_JOBS, () => ({ delayMs: 0 }));
    const databricks = await jobs.start();
    const ledger = openLedger(storage.connectionString);
    jobs.filesInManifest = async (runId) => (await ledger.manifests.find(runId))?.files.length ?? 0;
    const folder = mkdtempSync(join(tmpdir(), "batchkeeper-bench-"));
    const definitions = join(folder, "pipelines");
    mkdirSync(definitions);
    // Also when the bench is ended before its time; the child processes end with this one.
    process.once("exit", () => {
      rmSync(folder, { recursive: true, force: true });
    });
    for (const definition of benchDefinitions())
      writeFileSync(join(definitions, `${definition.name}.json`), JSON.stringify(definition));
    const host = await startFunctionsHost({
      appDir: REPO_ROOT,
      stateDir: join(folder, "functions"),
      args: ["--scan-interval", String(NEVER_MS)],
      readyTimeoutMs: 120_000,
      env: {
        AzureWebJobsStorage: storage.connectionString,
        DATA_STORAGE: storageConnectionString([blob.port, ports[1], table.port]),
        DEPLOYMENT_ID: DEPLOYMENT,
        TASK_HUB: DEPLOYMENT,
        LEDGER_TABLE_PREFIX: TABLE_PREFIX,
        DATABRICKS_HOST: databricks,
        DATABRICKS_AUTH: "token",
        DATABRICKS_TOKEN: "bench-token",
        DATABRICKS_CATALOG: "spark_catalog",
        DATABRICKS_SCHEMA: "bench",
        DATABRICKS_VOLUME_ROOT: "/volumes",
        REQUESTS_PER_SECOND: "100",
        PIPELINES_DIR: definitions,
        ...Object.fromEntries(disabled.map((name) => [`AzureWebJobs.${name}.Disabled`, "true"])),
      },
    });
    return new ServiceStack(folder, storage, { blob, table }, jobs, host, blobs, ledger);
  }

  async stop(): Promise<void> {
    await this.host.stop();
    await this.jobs.stop();
    await Promise.all([this.counters.blob.stop(), this.counters.table.stop()]);
    await this.storage.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A table of the ledger as it is stored, past the counters. */
  table(name: "runs" | "drops"): TablePort {
    return openTables(this.storage.connectionString)(`${TABLE_PREFIX}${name}`);
  }

  /** Forgets what was asked of the storage so far. */
  resetCounts(): void {
    this.counters.blob.reset();
    this.counters.table.reset();
  }

  /** What the app asked of the storage since then. */
  counts(): CallCount {
    const [blob, table] = [this.counters.blob.count(), this.counters.table.count()];
    return { calls: blob.calls + table.calls, rows: table.rows };
  }

  /** @throws Error for any answer but a success */
  async call<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
    const url = path.startsWith("http") ? path : `${this.host.url}/${path}`;
    const response = await fetch(url, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text.slice(0, 500)}`);
    return (text === "" ? {} : JSON.parse(text)) as T;
  }

  /** Waits until `look` gives something. @throws Error with the end of the host's output when it does not in time */
  async until<T>(what: string, seconds: number, look: () => Promise<T | null>, everyMs = 50): Promise<T> {
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await pause(everyMs)) {
      const found = await look();
      if (found !== null) return found;
    }
    throw new Error(`waited ${seconds} s in vain for ${what}\n${this.host.output().slice(-4000)}`);
  }
}

function openTables(connectionString: string): (name: string) => TablePort {
  const clients = createStorageClients({ kind: "connectionString", connectionString });
  return (name) => new AzureTable(clients.table(name));
}

function openLedger(connectionString: string): Ledger {
  const clients = createStorageClients({ kind: "connectionString", connectionString });
  const now = () => new Date();
  return createLedger({
    table: openTables(connectionString),
    blobs: new AzureBlobs(clients.blobService, now),
    tablePrefix: TABLE_PREFIX,
    containers: { batches: "batches", results: "results" },
    deploymentId: DEPLOYMENT,
    requestsPerSecond: 100,
    now,
  });
}
