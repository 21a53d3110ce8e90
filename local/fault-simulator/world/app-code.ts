import { readFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";
import type { HttpAnswer, HttpRequest } from "../../../src/databricks/exchange";
import type { PipelineDefinitions } from "../../../src/domain/pipeline-definition";
import type { BlobPort, StorageError, TablePort } from "../../../src/ledger/ports";
import type { OrchestratorFunction } from "../durable/orchestration";
import { rememberOccurrences, type CronModule } from "./occurrences";
import { installWorkerCore, registrationsOf, type RegisteredFunction } from "./worker-core";

/** What a started app reaches the world through. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly definitions: PipelineDefinitions;
  readonly table: (name: string) => TablePort;
  readonly blobs: BlobPort;
  readonly databricks: (request: HttpRequest, timeoutMs: number) => Promise<HttpAnswer>;
  readonly post: (url: string, body: unknown) => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
  readonly now: () => number;
}

/** The durable client that an invocation's context carries. */
export interface ClientCarrier {
  readonly durableClient: unknown;
}

/** A definition file. */
export interface DefinitionFile {
  readonly file: string;
  readonly text: string;
}

type Exports = Record<string, unknown>;
type ParseDefinitions = (files: readonly DefinitionFile[]) => { definitions: PipelineDefinitions; faults: unknown[] };

/**
 * The compiled app, unchanged: `main.js` builds and registers everything, as in a host. Only its outermost edges lead into the world of
 * the simulator: storage clients, HTTP, the durable client, the clock. An edge that the app no longer has is an error. One app lives at
 * a time: the code of a process that was killed never goes on, since nothing it waits for ever answers.
 */
export class AppCode {
  readonly storageError: typeof StorageError;
  private readonly load: NodeJS.Require;
  private readonly main: (...parts: unknown[]) => void;
  private readonly parsed = new Map<string, PipelineDefinitions>();
  private surroundings: Surroundings | null = null;

  constructor(private readonly folder: string) {
    installWorkerCore();
    const mainPath = join(folder, "main.js");
    this.load = remembered(createRequire(mainPath));
    this.patchLibraries();
    this.patchEdges();
    this.storageError = this.exported("ledger/ports", "StorageError");
    // Compiled once, run at every start.
    const source = Module.wrap(readFileSync(mainPath, "utf8"));
    this.main = new Script(source, { filename: mainPath }).runInThisContext() as (...parts: unknown[]) => void;
  }

  /** Starts the app in these surroundings and returns what it registered. */
  start(surroundings: Surroundings): ReadonlyMap<string, RegisteredFunction> {
    this.surroundings = surroundings;
    const saved = process.env;
    process.env = { ...surroundings.environment };
    try {
      const module = { exports: {} };
      const path = join(this.folder, "main.js");
      return registrationsOf(() => this.main(module.exports, this.load, module, path, dirname(path)));
    } finally {
      process.env = saved;
    }
  }

  /** Definition files, read as the app reads them. */
  definitions(files: readonly DefinitionFile[]): PipelineDefinitions {
    const key = JSON.stringify(files);
    const known = this.parsed.get(key);
    if (known) return known;
    const { definitions, faults } = this.exported<ParseDefinitions>(
      "domain/parse-definitions",
      "parseDefinitions",
    )(files);
    if (faults.length > 0) throw new Error(`bad definitions: ${JSON.stringify(faults)}`);
    this.parsed.set(key, definitions);
    return definitions;
  }

  /** Something that a module of the app exports. */
  exported<T>(module: string, name: string): T {
    const found = (this.load(`./${module}.js`) as Exports)[name];
    if (found === undefined) throw new Error(`the app has no ${module} ${name}: the simulator must follow its change`);
    return found as T;
  }

  private get world(): Surroundings {
    if (this.surroundings === null) throw new Error("the app is not started");
    return this.surroundings;
  }

  private replace(module: string, name: string, replacement: unknown): void {
    this.exported(module, name);
    (this.load(`./${module}.js`) as Exports)[name] = replacement;
  }

  private patchEdges(): void {
    const client = (name: string) => ({ name, getContainerClient: client, table: client });
    this.replace("config/storage-clients", "createStorageClients", () => ({ table: client, blobService: client("") }));
    const world = (): Surroundings => this.world;
    // Called with `new`: what a constructor returns takes the place of its object.
    const Table = function (table: { name: string }): TablePort {
      return world().table(table.name);
    };
    const Blobs = function (): BlobPort {
      return world().blobs;
    };
    this.replace("ledger/azure-table", "AzureTable", Table);
    this.replace("ledger/azure-blobs", "AzureBlobs", Blobs);
    const exchange = async (request: HttpRequest, timeoutMs: number) => world().databricks(request, timeoutMs);
    this.replace("databricks/exchange", "exchange", exchange);
    const sleep = async (ms: number) => world().sleep(ms);
    this.replace("databricks/clock", "systemClock", { now: () => world().now(), sleep });
    this.replace("definitions-folder", "loadDefinitions", () => world().definitions);
    this.replace("config/app-version", "appVersion", () => "0.0.0-simulated");
  }

  private patchLibraries(): void {
    rememberOccurrences((this.load("croner") as CronModule).Cron.prototype);
    const axios = (this.load("axios") as { default: Exports }).default;
    axios["post"] = async (url: string, body: unknown) => this.world.post(url, body);
    const durable = dirname(this.load.resolve("durable-functions"));
    const inner = (path: string): Exports => this.load(join(durable, path)) as Exports;
    inner("durableClient/getClient")["getClient"] = (context: ClientCarrier) => context.durableClient;
    inner("util/testingUtils")["createOrchestrator"] = (orchestrator: OrchestratorFunction) =>
      Object.assign(() => undefined, { orchestrator });
  }
}

/** Each start of the app asks for the same modules; to resolve their names anew took a fiftieth of a schedule's time. */
function remembered(load: NodeJS.Require): NodeJS.Require {
  const known = new Map<string, unknown>();
  const loadOnce = (id: string): unknown => {
    if (!known.has(id)) known.set(id, load(id));
    return known.get(id);
  };
  return Object.assign(loadOnce, load);
}
