import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { PipelineApi, type RunView } from "../../local/demo/api";
import { REPO_ROOT } from "../../local/paths";
import { Stack, type StackOptions } from "../../local/stack/stack";

const SCENARIO = join(REPO_ROOT, "test", "fixtures", "second-scenario");
export const PIPELINE = "meters";

/** The second scenario on real parts: Azurite, local Databricks, functions host. */
export class MetersStack {
  private constructor(
    readonly stateDir: string,
    readonly stack: Stack,
    readonly api: PipelineApi,
    readonly drops: ContainerClient,
  ) {}

  static async start(options: Partial<StackOptions> = {}): Promise<MetersStack> {
    const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), "batchkeeper-meters-"));
    const stack = await Stack.start({
      stateDir,
      memory: "1g",
      bundleDir: SCENARIO,
      pipelinesDir: join(SCENARIO, "pipelines"),
      times: { quietPeriodSeconds: 1, maxWaitSeconds: 20 },
      ...options,
    });
    const drops = BlobServiceClient.fromConnectionString(stack.storage.connectionString).getContainerClient("drops");
    return new MetersStack(stateDir, stack, new PipelineApi(stack.functions.url), drops);
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    rmSync(this.stateDir, { recursive: true, force: true });
  }

  /** Puts a file of readings into the drops container; returns its ETag. */
  async drop(name: string, values: readonly number[]): Promise<string> {
    const text = ["meter,value", ...values.map((value, index) => `${index},${value}`), ""].join("\n");
    const { etag } = await this.drops.getBlockBlobClient(`readings/${name}.csv`).upload(text, Buffer.byteLength(text));
    return etag ?? "";
  }

  /** A blob of the containers `batches` or `results`, as text. */
  async read(container: string, path: string): Promise<string> {
    const client = BlobServiceClient.fromConnectionString(this.stack.storage.connectionString).getContainerClient(
      container,
    );
    return (await client.getBlockBlobClient(path).downloadToBuffer()).toString();
  }

  /** Waits for the run that appears after `act`, and for its end. */
  async runAfter(act: () => Promise<unknown>): Promise<RunView> {
    const known = await this.api.listRunIds(PIPELINE);
    await act();
    return this.end(await this.api.nextRun(PIPELINE, known, 30_000));
  }

  async end(id: string): Promise<RunView> {
    return this.api.waitForRun(id, () => undefined);
  }

  /** Waits until `step` of the run has a Databricks run that was started. */
  async stepStarted(id: string, step: string): Promise<string> {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await pause(100)) {
      const run = await this.api.getRun(id);
      const started = run.steps.find(({ name }) => name === step)?.generations.at(-1)?.databricksRunId;
      if (started) return started;
      if (run.endedAt)
        throw new Error(`run ${id} ended before its step ${step} began: ${run.error?.message ?? run.state}`);
    }
    throw new Error(`step ${step} of ${id} was not started`);
  }

  /** All Databricks runs, straight from the Jobs API. */
  async databricksRuns(): Promise<{ run_id: number; job_parameters?: { name: string; value: string }[] }[]> {
    const { url, token } = this.stack.databricks;
    const response = await fetch(`${url}/api/2.2/jobs/runs/list?limit=24`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const body = (await response.json()) as {
      runs?: { run_id: number; job_parameters?: { name: string; value: string }[] }[];
    };
    return body.runs ?? [];
  }

  /** Ids of the Databricks runs that carry this run id as a job parameter. */
  async databricksRunsOf(runId: string): Promise<number[]> {
    const runs = await this.databricksRuns();
    return runs
      .filter((run) => run.job_parameters?.some(({ name, value }) => name === "run_id" && value === runId))
      .map((run) => run.run_id);
  }

  /** What the functions host wrote so far. */
  log(): string {
    return readFileSync(join(this.stateDir, "functions", "host.log"), "utf8");
  }
}

/** The last generation of a step. */
export function last(run: RunView, step: string): RunView["steps"][number]["generations"][number] {
  const found = run.steps.find(({ name }) => name === step)?.generations.at(-1);
  if (!found) throw new Error(`run ${run.id} has no generation of ${step}`);
  return found;
}
