import { BlobServiceClient } from "@azure/storage-blob";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LocalDatabricks, startLocalDatabricks } from "../databricks/spawn";
import { type FunctionsHostProcess, startFunctionsHost } from "../functions-host/spawn";
import { REPO_ROOT } from "../paths";
import {
  type LocalStorage,
  type StoragePorts,
  freeStoragePorts,
  startAzurite,
  storageConnectionString,
} from "./azurite";
import { type LocalTimes, writeLocalPipelines } from "./pipelines";
import { freePort } from "../ports";
import { newWebhookAccess, notifyApp } from "./webhook";

export const CONTAINERS = ["drops", "batches", "results"] as const;
/** A listing of a container on this machine costs milliseconds; the host's own default spares a real account. */
const SCAN_INTERVAL_MS = 300;

export interface StackOptions {
  readonly stateDir: string;
  /** Heap of the Spark driver, such as `3g`. */
  readonly memory?: string;
  readonly times?: LocalTimes;
  /** Ports to take when they are free; any free port otherwise. */
  readonly ports?: { readonly functions?: number; readonly databricks?: number };
  /** Folder of databricks.yml and folder of the definitions; the checkout's own by default. */
  readonly bundleDir?: string;
  readonly pipelinesDir?: string;
  /** Folder of the function app; the checkout's compiled tree by default. */
  readonly appDir?: string;
  /** More or other app settings. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Everything that Batchkeeper needs, running on this machine. Each part can be ended and started again on its state. */
export class Stack {
  readonly volumeRoot: string;
  #storage: LocalStorage | undefined;
  #databricks: LocalDatabricks | undefined;
  #functions: FunctionsHostProcess | undefined;
  readonly #options: StackOptions;
  readonly #webhook = newWebhookAccess();
  readonly #connectionString: string;
  readonly #storagePorts: StoragePorts;
  readonly #functionsPort: number;

  private constructor(options: StackOptions, storagePorts: StoragePorts, functionsPort: number) {
    this.#options = options;
    this.#storagePorts = storagePorts;
    this.#connectionString = storageConnectionString(storagePorts);
    this.#functionsPort = functionsPort;
    this.volumeRoot = join(options.stateDir, "volumes");
  }

  /** Starts storage and Databricks side by side, then the functions host; on a fault what had started is stopped again. */
  static async start(options: StackOptions): Promise<Stack> {
    const stack = new Stack(options, await freeStoragePorts(), await freePort(options.ports?.functions));
    try {
      const parts = await Promise.allSettled([stack.startDatabricks(), stack.#startStorage()]);
      for (const part of parts) if (part.status === "rejected") throw part.reason;
      await stack.startFunctions();
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  get storage(): LocalStorage {
    return started(this.#storage, "storage");
  }

  get databricks(): LocalDatabricks {
    return started(this.#databricks, "the local Databricks");
  }

  get functions(): FunctionsHostProcess {
    return started(this.#functions, "the functions host");
  }

  /** Starts the local Databricks on its state, on the port it had. */
  async startDatabricks(): Promise<void> {
    const { stateDir, ports, bundleDir, memory } = this.#options;
    const known = this.#databricks ? Number(new URL(this.#databricks.url).port) : undefined;
    const port = known ?? (await freePort(ports?.databricks ?? portBefore(stateDir)));
    mkdirSync(stateDir, { recursive: true });
    writeFileSync(portFile(stateDir), String(port));
    this.#databricks = await startLocalDatabricks({
      port,
      stateDir: join(stateDir, "databricks"),
      storage: this.#connectionString,
      bundleDir: bundleDir ?? REPO_ROOT,
      warm: true,
      ...(this.#databricks ? { token: this.#databricks.token } : {}),
      ...(memory ? { memory } : {}),
    });
    await notifyApp(this.#databricks, `http://127.0.0.1:${this.#functionsPort}`, this.#webhook);
  }

  /** Starts the functions host on its state, on the port it had; `deliverTwice` as an at-least-once host may. */
  async startFunctions({ deliverTwice = false } = {}): Promise<void> {
    const { stateDir } = this.#options;
    const hostState = join(stateDir, "functions");
    mkdirSync(hostState, { recursive: true });
    this.#functions = await startFunctionsHost({
      appDir: this.#options.appDir ?? REPO_ROOT,
      stateDir: hostState,
      port: this.#functionsPort,
      args: ["--scan-interval", String(SCAN_INTERVAL_MS)],
      deliverTwice,
      env: this.#appSettings(),
      onOutput: (text) => appendFileSync(join(hostState, "host.log"), text),
    });
  }

  /** Stops the functions host first: it uses the others. */
  async stop(): Promise<void> {
    await this.#functions?.stop();
    await Promise.all([this.#databricks?.stop(), this.#storage?.stop()]);
  }

  async #startStorage(): Promise<void> {
    mkdirSync(this.volumeRoot, { recursive: true });
    this.#storage = await startAzurite({
      location: join(this.#options.stateDir, "azurite"),
      ports: this.#storagePorts,
    });
    const blobs = BlobServiceClient.fromConnectionString(this.#storage.connectionString);
    for (const name of CONTAINERS) await blobs.getContainerClient(name).createIfNotExists();
  }

  /** The settings of `local.settings.sample.json`, with this stack's addresses. */
  #appSettings(): Record<string, string> {
    const pipelinesDir = join(this.#options.stateDir, "pipelines");
    const shipped = this.#options.pipelinesDir ?? join(REPO_ROOT, "pipelines");
    writeLocalPipelines(shipped, pipelinesDir, this.#options.times ?? { quietPeriodSeconds: 5, maxWaitSeconds: 60 });
    return {
      AzureWebJobsStorage: this.#connectionString,
      DATA_STORAGE: this.#connectionString,
      DEPLOYMENT_ID: "local",
      TASK_HUB: "batchkeeper",
      DATABRICKS_HOST: this.databricks.url,
      DATABRICKS_AUTH: "token",
      DATABRICKS_TOKEN: this.databricks.token,
      DATABRICKS_CATALOG: "spark_catalog",
      DATABRICKS_SCHEMA: "batchkeeper",
      DATABRICKS_WEBHOOK_USER: this.#webhook.user,
      DATABRICKS_WEBHOOK_PASSWORD: this.#webhook.password,
      DATABRICKS_VOLUME_ROOT: this.volumeRoot,
      PIPELINES_DIR: pipelinesDir,
      ...this.#options.settings,
    };
  }
}

function started<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new Error(`${name} was not started`);
  return part;
}

/** A run in flight belongs to the workspace that it was started in, which the app knows by its address. */
const portFile = (stateDir: string): string => join(stateDir, "databricks-port");

/** The local Databricks' port at the last start, 0 at the first: its URL names the workspace of the runs in the ledger. */
export function portBefore(stateDir: string): number {
  return existsSync(portFile(stateDir)) ? Number(readFileSync(portFile(stateDir), "utf8")) : 0;
}
