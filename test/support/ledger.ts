import { randomBytes } from "node:crypto";
import type { z } from "zod";
import { createStorageClients } from "../../src/config/storage-clients";
import { pipelineDefinitionSchema, type PipelineDefinition } from "../../src/domain/pipeline-definition";
import { AzureBlobs } from "../../src/ledger/azure-blobs";
import { AzureTable } from "../../src/ledger/azure-table";
import type { BlobPort, TablePort } from "../../src/ledger/ports";
import { createLedger, type Ledger } from "../../src/ledger/ledger";
import { createRunRequests } from "../../src/ledger/create-run-requests";
import type { RunRequests } from "../../src/ledger/run-requests";
import type { OrchestrationStarter } from "../../src/domain/orchestration-starter";
import { FakeClock } from "./fake-clock";

/** A starter that remembers what it was asked; instances never end. */
export class FakeStarter implements OrchestrationStarter {
  readonly started: string[] = [];
  readonly raised: string[] = [];
  readonly purged: string[] = [];

  start(_orchestrator: string, instanceId: string): Promise<void> {
    this.started.push(instanceId);
    return Promise.resolve();
  }

  raise(instanceId: string, eventName: string): Promise<void> {
    this.raised.push(`${instanceId}:${eventName}`);
    return Promise.resolve();
  }

  purge(instanceId: string): Promise<void> {
    this.purged.push(instanceId);
    return Promise.resolve();
  }

  status(instanceId: string): Promise<string | null> {
    return Promise.resolve(this.started.includes(instanceId) ? "Running" : null);
  }
}

/** A definition with one step per name. */
export function aPipeline(
  name: string,
  over: Partial<z.input<typeof pipelineDefinitionSchema>> = {},
): PipelineDefinition {
  return pipelineDefinitionSchema.parse({
    name,
    description: `the ${name} pipeline`,
    concurrencyGroup: "group",
    window: { rule: "watermark" },
    drops: { container: "drops", pathPattern: "^(?<source>[a-z]+)/.+$", quietPeriodSeconds: 1, maxWaitSeconds: 2 },
    steps: [{ name: "ingestion", job: "job-ingestion", timeoutSeconds: 60, parameters: { depth: "1" } }],
    ...over,
  });
}

/** A real ledger in tables of its own, with the run requests over it. */
export interface TestLedger {
  readonly ledger: Ledger;
  readonly runs: RunRequests;
  readonly starter: FakeStarter;
  readonly clock: FakeClock;
  readonly pipelines: ReadonlyMap<string, PipelineDefinition>;
}

/** What stands between the ledger and its storage. */
export interface StorageWrap {
  readonly blobs?: (blobs: BlobPort) => BlobPort;
  readonly table?: (table: TablePort) => TablePort;
}

/** Builds the ledger of a deployment on a storage account; something may stand between. */
export function openLedger(
  connectionString: string,
  deploymentId: string,
  tablePrefix: string,
  now: () => Date = () => new Date(),
  { blobs = (port) => port, table = (port) => port }: StorageWrap = {},
): Ledger {
  const storage = createStorageClients({ kind: "connectionString", connectionString });
  return createLedger({
    table: (name) => table(new AzureTable(storage.table(name))),
    blobs: blobs(new AzureBlobs(storage.blobService, () => new Date())),
    tablePrefix,
    containers: { batches: "batches", results: "results" },
    deploymentId,
    requestsPerSecond: 10,
    now,
  });
}

/** Builds a ledger on a storage account; time moves only by the clock. */
export function createTestLedger(connectionString: string, ...definitions: PipelineDefinition[]): TestLedger {
  return createTestLedgerOver(connectionString, definitions, {});
}

/** The same with something between the ledger and its storage. */
export function createTestLedgerOver(
  connectionString: string,
  definitions: readonly PipelineDefinition[],
  wrap: StorageWrap,
): TestLedger {
  const clock = new FakeClock();
  const now = () => new Date(clock.now());
  const ledger = openLedger(connectionString, "test", `t${randomBytes(8).toString("hex")}`, now, wrap);
  const pipelines = new Map(definitions.map((definition) => [definition.name, definition]));
  const runs = createRunRequests({
    definitions: pipelines,
    ...ledger,
    now,
    randomHex: () => randomBytes(4).toString("hex"),
  });
  return { ledger, runs, starter: new FakeStarter(), clock, pipelines };
}
