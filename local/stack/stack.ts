import { BlobServiceClient } from "@azure/storage-blob";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startLocalDatabricks } from "../databricks/spawn";
import { startFunctionsHost } from "../functions-host/spawn";
import { REPO_ROOT } from "../paths";
import { type LocalStorage, startAzurite } from "./azurite";
import { type CollectorTimes, writeLocalPipelines } from "./pipelines";

export const CONTAINERS = ["drops", "batches", "results"] as const;

/** Everything that Batchkeeper needs, running on this machine. */
export interface Stack {
  readonly storage: LocalStorage;
  readonly databricks: Awaited<ReturnType<typeof startLocalDatabricks>>;
  readonly functions: Awaited<ReturnType<typeof startFunctionsHost>>;
  readonly volumeRoot: string;
  stop(): Promise<void>;
}

export interface StackOptions {
  readonly stateDir: string;
  readonly memory?: string;
  readonly collector?: CollectorTimes;
  /** Ports to keep when they are free; any free port otherwise. */
  readonly ports?: { readonly functions?: number; readonly databricks?: number };
  /** Folder of databricks.yml and folder of the definitions; the checkout's own by default. */
  readonly bundleDir?: string;
  readonly pipelinesDir?: string;
  /** More or other app settings. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly deliverTwice?: boolean;
}

/** Starts storage, Databricks and the functions host, in this order; on a fault what had started is stopped again. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const started: { stop(): Promise<void> }[] = [];
  try {
    return await startParts(options, started);
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

async function startParts(options: StackOptions, started: { stop(): Promise<void> }[]): Promise<Stack> {
  const { stateDir } = options;
  const volumeRoot = join(stateDir, "volumes");
  mkdirSync(volumeRoot, { recursive: true });
  const storage = await startAzurite({ location: join(stateDir, "azurite") });
  started.push(storage);
  const blobs = BlobServiceClient.fromConnectionString(storage.connectionString);
  for (const name of CONTAINERS) await blobs.getContainerClient(name).createIfNotExists();
  const databricks = await startLocalDatabricks({
    stateDir: join(stateDir, "databricks"),
    storage: storage.connectionString,
    bundleDir: options.bundleDir ?? REPO_ROOT,
    ...(options.ports?.databricks ? { port: options.ports.databricks } : {}),
    ...(options.memory ? { memory: options.memory } : {}),
  });
  started.push(databricks);
  const pipelinesDir = join(stateDir, "pipelines");
  const shipped = options.pipelinesDir ?? join(REPO_ROOT, "pipelines");
  writeLocalPipelines(shipped, pipelinesDir, options.collector ?? { quietPeriodSeconds: 5, maxWaitSeconds: 60 });
  const functions = await startFunctionsHost({
    appDir: REPO_ROOT,
    stateDir: join(stateDir, "functions"),
    port: options.ports?.functions ?? 0,
    deliverTwice: options.deliverTwice ?? false,
    env: { ...appSettings(storage, databricks, volumeRoot), PIPELINES_DIR: pipelinesDir, ...options.settings },
  });
  started.push(functions);
  return { storage, databricks, functions, volumeRoot, stop: () => stopAll(started) };
}

/** The settings of `local.settings.sample.json`, with this stack's addresses. */
function appSettings(storage: LocalStorage, databricks: { url: string; token: string }, volumeRoot: string): Record<string, string> {
  return {
    AzureWebJobsStorage: storage.connectionString,
    DATA_STORAGE: storage.connectionString,
    DEPLOYMENT_ID: "local",
    DATABRICKS_HOST: databricks.url,
    DATABRICKS_AUTH: "token",
    DATABRICKS_TOKEN: databricks.token,
    DATABRICKS_CATALOG: "spark_catalog",
    DATABRICKS_SCHEMA: "batchkeeper",
    DATABRICKS_VOLUME_ROOT: volumeRoot,
  };
}

async function stopAll(started: { stop(): Promise<void> }[]): Promise<void> {
  for (const part of [...started].reverse()) await part.stop();
}
