import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient } from "@azure/storage-blob";
import { FakeJobs } from "../../../local/fake-jobs";
import { startFunctionsHost, type FunctionsHostProcess } from "../../../local/functions-host/spawn";
import { REPO_ROOT } from "../../../local/paths";
import { loadDefinitions } from "../../../src/definitions-folder";
import type { PipelineDefinitions } from "../../../src/domain/pipeline-definition";
import type { Ledger } from "../../../src/ledger/ledger";
import { startAzurite } from "../../support/azurite";
import { openLedger } from "../../support/ledger";

const DEPLOYMENT = "console";
const PREFIX = "console";
const DEFINITIONS = join(REPO_ROOT, "pipelines");
/** Nobody moves what a test has put into the ledger: no sweeps, no schedules, no scan of containers. */
const ASLEEP = ["sweeper", "scheduledRun-scoring", "scheduledRun-monitoring"];

/** The built app in the embedded host, with storage and a scripted Jobs API; its ledger is filled by the test. */
export interface ConsoleApp {
  readonly url: string;
  readonly ledger: Ledger;
  /** What the filled ledger takes for now; the app has the real time. */
  readonly clock: { at: Date };
  readonly definitions: PipelineDefinitions;
  readonly jobs: FakeJobs;
  readonly blobs: BlobServiceClient;
  readonly host: FunctionsHostProcess;
}

/** Starts the app once for a test file, fills its ledger, and ends it after the last test. */
export function useConsoleApp(
  fill: (app: Omit<ConsoleApp, "url" | "host">) => Promise<void>,
  { args = [], settings = {} }: { readonly args?: readonly string[]; readonly settings?: Record<string, string> } = {},
): ConsoleApp {
  let app: ConsoleApp | undefined;
  const ends: (() => Promise<unknown> | void)[] = [];
  beforeAll(async () => {
    const storage = await startAzurite();
    ends.push(() => storage.stop());
    const definitions = loadDefinitions(DEFINITIONS);
    const names = [...definitions.values()].flatMap(({ steps }) => steps.map(({ job }) => job));
    const jobs = new FakeJobs([...new Set(names)], () => ({ delayMs: 100 }));
    const databricks = await jobs.start();
    ends.push(() => jobs.stop());
    const blobs = BlobServiceClient.fromConnectionString(storage.connectionString);
    for (const name of ["drops", "batches", "results"]) await blobs.createContainer(name);
    const clock = { at: new Date() };
    const ledger = openLedger(storage.connectionString, DEPLOYMENT, PREFIX, () => clock.at);
    await fill({ ledger, clock, definitions, jobs, blobs });
    const folder = mkdtempSync(join(tmpdir(), "bk-console-"));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    const volumes = join(folder, "volumes");
    mkdirSync(volumes);
    const host = await startFunctionsHost({
      appDir: REPO_ROOT,
      stateDir: join(folder, "host"),
      args: ["--scan-interval", "3600000", ...args],
      env: {
        AzureWebJobsStorage: storage.connectionString,
        DATA_STORAGE: storage.connectionString,
        DEPLOYMENT_ID: DEPLOYMENT,
        TASK_HUB: "consoletest",
        LEDGER_TABLE_PREFIX: PREFIX,
        DATABRICKS_HOST: databricks,
        DATABRICKS_AUTH: "token",
        DATABRICKS_TOKEN: "console-token",
        DATABRICKS_CATALOG: "c",
        DATABRICKS_SCHEMA: "s",
        DATABRICKS_VOLUME_ROOT: volumes,
        PIPELINES_DIR: DEFINITIONS,
        ...Object.fromEntries(ASLEEP.map((name) => [`AzureWebJobs.${name}.Disabled`, "true"])),
        ...settings,
      },
    });
    ends.push(() => host.stop());
    app = { url: host.url, ledger, clock, definitions, jobs, blobs, host };
  }, 120_000);
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });
  const running = <K extends keyof ConsoleApp>(key: K): ConsoleApp[K] => {
    if (app === undefined) throw new Error("the app is there from beforeAll on");
    return app[key];
  };
  return {
    get url() {
      return running("url");
    },
    get ledger() {
      return running("ledger");
    },
    get clock() {
      return running("clock");
    },
    get definitions() {
      return running("definitions");
    },
    get jobs() {
      return running("jobs");
    },
    get blobs() {
      return running("blobs");
    },
    get host() {
      return running("host");
    },
  };
}
