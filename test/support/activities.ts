import { BlobServiceClient } from "@azure/storage-blob";
import { randomBytes } from "node:crypto";
import type { z } from "zod";
import type { Notification } from "../../src/domain/notification/notification";
import type { ActivityContext, ActivityDeps } from "../../src/runs/deps";
import type { SweepPass } from "../../src/sweeps/deps";
import { isLive } from "../../src/domain/orchestration-starter";
import type { JobsClient } from "../../src/databricks/jobs-client";
import type { pipelineDefinitionSchema, PipelineDefinitions } from "../../src/domain/pipeline-definition";
import { withRunsPer } from "../../src/domain/shared-job";
import type { Manifest } from "../../src/domain/manifest";
import type { Ledger } from "../../src/ledger/ledger";
import { createLogger } from "../../src/logging/logger";
import type { FakeClock } from "./fake-clock";
import { aPipeline, createTestLedgerOver, type FakeStarter, type StorageWrap } from "./ledger";

/** Activities over a real ledger in tables and containers of their own. */
export interface ActivityFixture {
  readonly activities: ActivityDeps;
  readonly context: ActivityContext;
  readonly pass: SweepPass;
  readonly ledger: Ledger;
  readonly clock: FakeClock;
  readonly starter: FakeStarter;
  readonly pipelines: PipelineDefinitions;
  readonly container: string;
  readonly notified: Notification[];
  /** What was logged, one line each. */
  readonly log: string[];
  put(path: string, text: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes a run that holds no slot yet; each has work of its own. */
  openRun(options?: {
    rerun?: boolean;
    window?: { start: string; end: string };
    reason?: "drops" | "schedule";
  }): Promise<string>;
  manifestFiles(runId: string): Promise<Manifest["files"]>;
  manifestPaths(runId: string): Promise<string[]>;
  frozenText(runId: string, path: string): Promise<string | null>;
}

const noJobs = new Proxy({} as JobsClient, {
  get: (_target, name) => () => {
    throw new Error(`this test calls Databricks: ${String(name)}`);
  },
});

export interface FixtureOptions {
  /** What of the definition's `drops` is to be otherwise. */
  readonly drops?: Partial<NonNullable<z.input<typeof pipelineDefinitionSchema>["drops"]>>;
  readonly storage?: StorageWrap;
  /** Job that the steps are tasks of, all in one Databricks run. */
  readonly sharedJob?: string;
}

/** Builds the fixture; `jobs` is the Databricks of the test. */
export async function createActivityFixture(
  connectionString: string,
  jobs: JobsClient = noJobs,
  options: FixtureOptions = {},
): Promise<ActivityFixture> {
  const container = `drops${randomBytes(6).toString("hex")}`;
  const pattern = {
    container,
    pathPattern: "^(?<source>telemetry|errors)/.+\\.csv$",
    quietPeriodSeconds: 1,
    maxWaitSeconds: 2,
    ...options.drops,
  };
  const steps = ["ingestion", "scoring"].map((name, index) => ({
    ...{ name, job: `job-${name}`, readsManifest: index === 0, timeoutSeconds: 60, parameters: {} },
    retry: { maxGenerations: 3, firstDelaySeconds: 1, backoff: 2 },
  }));
  const { sharedJob } = options;
  const sharing = sharedJob === undefined ? {} : { sharedJob };
  const scoring = aPipeline("scoring", { drops: pattern, steps, schedule: "0 30 6 * * *", ...sharing });
  const unit = sharedJob === undefined ? "step" : "pipeline";
  const { ledger, runs, starter, clock, pipelines } = createTestLedgerOver(
    connectionString,
    [...withRunsPer(unit, new Map([["scoring", scoring]])).values()],
    options.storage ?? {},
  );
  const drops = BlobServiceClient.fromConnectionString(connectionString).getContainerClient(container);
  await drops.create();
  const log: string[] = [];
  const write = (...args: unknown[]): void => void log.push(args.map(String).join(" "));
  const logger = createLogger({ debug: write, info: write, warn: write, error: write });
  const notified: Notification[] = [];
  const activities: ActivityDeps = {
    ...{ ledger, jobs, requests: runs, deploymentId: "test", workspace: "https://workspace", jobNamePrefix: "" },
    settings: { catalog: "main", schema: "s", volumeRoot: "/v", batches: ledger.containers.batches },
    notifier: { notify: (message) => Promise.resolve(void notified.push(message)) },
  };
  const blob = (path: string) => drops.getBlockBlobClient(path);
  const manifestFiles = async (runId: string): Promise<Manifest["files"]> => {
    const text = await ledger.blobs.readText(ledger.containers.batches, `${runId}/manifest.json`);
    return text === null ? [] : (JSON.parse(text) as Manifest).files;
  };
  return {
    ...{ activities, ledger, clock, starter, pipelines, container, notified, log, manifestFiles },
    context: { log: logger, starter },
    pass: { activities, definitions: pipelines, starter, log: logger, isLive },
    put: async (path, text) => void (await blob(path).upload(text, Buffer.byteLength(text))),
    remove: async (path) => void (await blob(path).delete()),
    openRun: async (options = {}) => {
      clock.advance(1000);
      const alias = randomBytes(8).toString("hex");
      const { run } = await runs.requestRun({ pipeline: "scoring", reason: "drops", alias, ...options }, starter);
      return run.runId;
    },
    manifestPaths: async (runId) => (await manifestFiles(runId)).map((file) => file.path),
    frozenText: async (runId, path) => {
      const [container = "", ...rest] =
        (await manifestFiles(runId)).find((file) => file.path === path)?.frozenPath.split("/") ?? [];
      return ledger.blobs.readText(container, rest.join("/"));
    },
  };
}
