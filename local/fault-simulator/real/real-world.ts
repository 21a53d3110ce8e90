import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { BlobServiceClient } from "@azure/storage-blob";
import { createStorageClients } from "../../../src/config/storage-clients";
import { AzureTable } from "../../../src/ledger/azure-table";
import { FakeJobs, type FakeBehaviour } from "../../fake-jobs";
import { startFunctionsHost, type FunctionsHostProcess } from "../../functions-host/spawn";
import { REPO_ROOT } from "../../paths";
import { freePort } from "../../ports";
import { startAzurite, type LocalStorage } from "../../stack/azurite";
import { JOBS } from "../world/definitions";
import { isClosedRun, note, textOf, type LedgerView } from "../world/ledger-view";
import { outcomeOf } from "./outcome";
import { endingOf, pathOfDrop, smallDefinitions, type SmallEnding, type SmallPlan } from "./small-plan";

// Taken when this module is loaded: the simulator, in the same process, later puts its own in their place.
const [RealTable, clientsOf] = [AzureTable, createStorageClients];

const PREFIX = "batchkeeper";
const READY_TIMEOUT_MS = 240_000;
/** Ways in which the Jobs API misbehaves now and then, without an effect on how things end. */
const FAULTS = [
  { path: "run-now", status: 503 },
  { path: "run-now", status: "drop" },
  { path: "runs/get", status: 500 },
  { path: "runs/get", status: 429, headers: { "retry-after": "1" } },
  { path: "runs/get-output", status: "drop" },
] as const;

const BEHAVIOURS: Readonly<Record<SmallEnding, FakeBehaviour>> = {
  success: {},
  code: { end: "code" },
  platform: { end: "platform" },
  noExit: { end: "no-exit" },
  countsDisagree: { end: "wrong-counts" },
  hangs: { end: "hang" },
};

const suffixOf = ({ seed }: SmallPlan): string => `-s${seed}`;

/**
 * The built app in the embedded host over Azurite and a Jobs API on HTTP. Several plans are played at once, each with pipelines and
 * drops of its own: they share the host, and so the moments at which it is killed.
 */
export class RealWorld {
  private host: FunctionsHostProcess | null = null;
  private readonly generations = new Map<string, number>();
  private readonly toCancel = new Set<string>();

  private constructor(
    private readonly plans: readonly SmallPlan[],
    private readonly folder: string,
    private readonly storage: LocalStorage,
    private readonly jobs: FakeJobs,
    private readonly databricks: string,
  ) {}

  static async start(plans: readonly SmallPlan[]): Promise<RealWorld> {
    const storage = await startAzurite({ ports: [await freePort(), await freePort(), await freePort()] });
    const blobs = BlobServiceClient.fromConnectionString(storage.connectionString);
    for (const name of ["drops", "batches", "results"]) await blobs.getContainerClient(name).createIfNotExists();
    const folder = mkdtempSync(join(tmpdir(), "batchkeeper-real-"));
    mkdirSync(join(folder, "pipelines"));
    for (const plan of plans)
      for (const { file, text } of smallDefinitions(suffixOf(plan)))
        writeFileSync(join(folder, "pipelines", file), text);
    let made: RealWorld | null = null;
    const jobs = new FakeJobs(JOBS, (job, _nth, parameters) => made?.behaviour(job, parameters["run_id"] ?? "") ?? {});
    jobs.filesInManifest = async (runId) => filesIn(blobs, runId);
    made = new RealWorld(plans, folder, storage, jobs, await jobs.start());
    await made.boot();
    return made;
  }

  async stop(): Promise<void> {
    await this.host?.stop("SIGKILL");
    await this.jobs.stop();
    await this.storage.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Plays all plans to their end, and gives what the ledger then says of each, by seed. */
  async play(kills: readonly number[], timeoutMs: number): Promise<ReadonlyMap<number, readonly string[]>> {
    const begun = Date.now();
    const acts = [
      ...this.plans.flatMap((plan) => this.actsOf(plan)),
      ...kills.map((after) => ({ after, act: async () => this.kill() })),
    ].sort((a, b) => a.after - b.after);
    for (const { after, act } of acts) {
      await this.lookAround(Math.max(0, begun + after - Date.now()));
      await act();
    }
    const deadline = begun + timeoutMs;
    for (;;) {
      await this.lookAround(500);
      const view = await this.ledger();
      const settled = this.plans.every((plan) => isOver(plan, view));
      if (settled || Date.now() > deadline)
        return new Map(this.plans.map((plan) => [plan.seed, outcomeOf(view, suffixOf(plan))]));
    }
  }

  private actsOf(plan: SmallPlan): { readonly after: number; readonly act: () => Promise<void> }[] {
    const drops = plan.drops.map(({ after, day }) => ({
      after,
      act: async () => this.drop(pathOfDrop(suffixOf(plan), day)),
    }));
    if (plan.request === null) return drops;
    const { after, window } = plan.request;
    return [...drops, { after, act: async () => this.request(`rescoring${suffixOf(plan)}`, window) }];
  }

  private async drop(path: string): Promise<void> {
    const blobs = BlobServiceClient.fromConnectionString(this.storage.connectionString);
    await blobs.getContainerClient("drops").getBlockBlobClient(path).upload(path, Buffer.byteLength(path));
  }

  /** Asks until the app has answered: the key makes one run of all of them. */
  private async request(pipeline: string, [start, end]: readonly [string, string]): Promise<void> {
    const body = { window: { start: `${start}T00:00:00Z`, end: `${end}T00:00:00Z` } };
    const send = async (): Promise<boolean> =>
      this.post(`pipelines/${pipeline}/runs`, body, { "idempotency-key": pipeline });
    while (!(await send())) await pause(200);
  }

  private async post(path: string, body: object, headers: Record<string, string> = {}): Promise<boolean> {
    if (this.host === null) return false;
    const init = {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    };
    return fetch(`${this.host.url}/api/v1/${path}`, init).then(
      ({ status }) => status < 300,
      () => false,
    );
  }

  private async boot(): Promise<void> {
    const { connectionString } = this.storage;
    this.host = await startFunctionsHost({
      appDir: REPO_ROOT,
      stateDir: join(this.folder, "functions"),
      readyTimeoutMs: READY_TIMEOUT_MS,
      env: {
        AzureWebJobsStorage: connectionString,
        DATA_STORAGE: connectionString,
        DEPLOYMENT_ID: "real",
        TASK_HUB: "real",
        LEDGER_TABLE_PREFIX: PREFIX,
        DATABRICKS_HOST: this.databricks,
        DATABRICKS_AUTH: "token",
        DATABRICKS_TOKEN: "real-token",
        DATABRICKS_CATALOG: "spark_catalog",
        DATABRICKS_SCHEMA: "pdm",
        DATABRICKS_VOLUME_ROOT: "/volumes",
        REQUESTS_PER_SECOND: "100",
        PIPELINES_DIR: join(this.folder, "pipelines"),
      },
    });
  }

  private async kill(): Promise<void> {
    await this.host?.stop("SIGKILL");
    this.host = null;
    const fault = FAULTS[this.generations.size % FAULTS.length];
    if (fault) this.jobs.faults.push({ ...fault });
    await this.boot();
  }

  /** How the next Databricks run of a step goes. */
  private behaviour(job: string, runId: string): FakeBehaviour {
    const key = `${runId} ${job}`;
    const generation = (this.generations.get(key) ?? 0) + 1;
    this.generations.set(key, generation);
    const plan = this.plans.find((one) => new RegExp(`^[a-z-]+${suffixOf(one)}-\\d{8}t`).test(runId));
    const ending = plan ? endingOf(plan, runId, job.replace("batchkeeper-", ""), generation) : "success";
    if (ending === "hangs") this.toCancel.add(runId);
    return BEHAVIOURS[ending];
  }

  /** Waits, and cancels meanwhile what would never end. */
  private async lookAround(ms: number): Promise<void> {
    await pause(ms);
    for (const runId of this.toCancel) if (await this.post(`runs/${runId}/cancel`, {})) this.toCancel.delete(runId);
  }

  private async ledger(): Promise<LedgerView> {
    const { connectionString } = this.storage;
    const clients = clientsOf({ kind: "connectionString", connectionString });
    const view: LedgerView = { runs: new Map(), generations: new Map(), drops: new Map() };
    for (const name of ["runs", "drops"])
      for await (const row of new RealTable(clients.table(`${PREFIX}${name}`)).query({ partition: { before: "~" } }))
        note(view, row);
    return view;
  }
}

/** All runs that the plan brings are there and closed, and every drop has its end. */
function isOver(plan: SmallPlan, { runs, drops }: LedgerView): boolean {
  const suffix = suffixOf(plan);
  const own = [...runs.values()].filter((row) => row.partitionKey.endsWith(suffix));
  const dropped = [...drops.values()].filter((row) => textOf(row, "path").startsWith(`${suffix.slice(1)}/`));
  const expected = 1 + (plan.request === null ? 0 : 1);
  const isBatched = dropped.length === plan.drops.length && dropped.every((row) => textOf(row, "state") === "batched");
  return own.length >= expected && own.every(isClosedRun) && isBatched;
}

async function filesIn(blobs: BlobServiceClient, runId: string): Promise<number> {
  const blob = blobs.getContainerClient("batches").getBlobClient(`${runId}/manifest.json`);
  if (!(await blob.exists())) return 0;
  return (JSON.parse((await blob.downloadToBuffer()).toString()) as { files: unknown[] }).files.length;
}
