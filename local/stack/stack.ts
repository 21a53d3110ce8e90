import { BlobServiceClient } from "@azure/storage-blob";
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type LocalDatabricks, startLocalDatabricks } from "../databricks/spawn";
import { type FunctionsHostProcess, startFunctionsHost } from "../functions-host/spawn";
import { REPO_ROOT } from "../paths";
import { type LocalStorage, startAzurite } from "./azurite";
import { type CollectorTimes, writeLocalPipelines } from "./pipelines";
import { freePort } from "./ports";

export const CONTAINERS = ["drops", "batches", "results"] as const;

export interface StackOptions {
  readonly stateDir: string;
  /** Heap of the Spark driver, such as `3g`. */
  readonly memory?: string;
  readonly collector?: CollectorTimes;
  /** Ports to take when they are free; any free port otherwise. */
  readonly ports?: { readonly functions?: number; readonly databricks?: number };
  /** Folder of databricks.yml and folder of the definitions; the checkout's own by default. */
  readonly bundleDir?: string;
  readonly pipelinesDir?: string;
  /** More or other app settings. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly deliverTwice?: boolean;
}

/** Everything that Batchkeeper needs, running on this machine. Each part can be ended and started again on its state. */
export class Stack {
  readonly volumeRoot: string;
  #storage: LocalStorage | undefined;
  #databricks: LocalDatabricks | undefined;
  #functions: FunctionsHostProcess | undefined;
  readonly #options: StackOptions;

  private constructor(options: StackOptions) {
    this.#options = options;
    this.volumeRoot = join(options.stateDir, "volumes");
  }

  /** Starts storage, Databricks and the functions host, in this order; on a fault what had started is stopped again. */
  static async start(options: StackOptions): Promise<Stack> {
    const stack = new Stack(options);
    try {
      await stack.#startStorage();
      await stack.startDatabricks();
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
    const port = this.#databricks ? Number(new URL(this.#databricks.url).port) : await freePort(ports?.databricks);
    this.#databricks = await startLocalDatabricks({
      port,
      stateDir: join(stateDir, "databricks"),
      storage: this.storage.connectionString,
      bundleDir: bundleDir ?? REPO_ROOT,
      warm: true,
      ...(this.#databricks ? { token: this.#databricks.token } : {}),
      ...(memory ? { memory } : {}),
    });
  }

  /** Starts the functions host on its state, on the port it had. */
  async startFunctions(): Promise<void> {
    const { stateDir, ports, deliverTwice } = this.#options;
    const hostState = join(stateDir, "functions");
    mkdirSync(hostState, { recursive: true });
    const port = this.#functions ? Number(new URL(this.#functions.url).port) : await freePort(ports?.functions);
    this.#functions = await startFunctionsHost({
      appDir: REPO_ROOT,
      stateDir: hostState,
      port,
      deliverTwice: deliverTwice ?? false,
      env: this.#appSettings(),
      onOutput: (text) => appendFileSync(join(hostState, "host.log"), text),
    });
  }

  /** Stops the functions host first and the storage last. */
  async stop(): Promise<void> {
    await this.#functions?.stop();
    await this.#databricks?.stop();
    await this.#storage?.stop();
  }

  async #startStorage(): Promise<void> {
    mkdirSync(this.volumeRoot, { recursive: true });
    this.#storage = await startAzurite({ location: join(this.#options.stateDir, "azurite") });
    const blobs = BlobServiceClient.fromConnectionString(this.#storage.connectionString);
    for (const name of CONTAINERS) await blobs.getContainerClient(name).createIfNotExists();
  }

  /** The settings of `local.settings.sample.json`, with this stack's addresses. */
  #appSettings(): Record<string, string> {
    const pipelinesDir = join(this.#options.stateDir, "pipelines");
    const shipped = this.#options.pipelinesDir ?? join(REPO_ROOT, "pipelines");
    writeLocalPipelines(shipped, pipelinesDir, this.#options.collector ?? { quietPeriodSeconds: 5, maxWaitSeconds: 60 });
    return {
      AzureWebJobsStorage: this.storage.connectionString,
      DATA_STORAGE: this.storage.connectionString,
      DEPLOYMENT_ID: "local",
      DATABRICKS_HOST: this.databricks.url,
      DATABRICKS_AUTH: "token",
      DATABRICKS_TOKEN: this.databricks.token,
      DATABRICKS_CATALOG: "spark_catalog",
      DATABRICKS_SCHEMA: "batchkeeper",
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
