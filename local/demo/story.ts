import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { setTimeout as pause } from "node:timers/promises";
import type { Stack } from "../stack/stack";
import { PipelineApi, type RunView } from "./api";
import { command, formatCount, good, heading, note } from "./console";
import { dropFiles } from "./drops";
import { follow } from "./follow";
import { tellModelQuality, tellRiskTable, tellWhereThingsLie } from "./report";
import { addDays, type Calendar } from "./scenarios/calendar";
import type { DemoScenario } from "./scenarios/scenario";

export interface Scene {
  readonly stack: Stack;
  readonly scenario: DemoScenario;
  readonly calendar: Calendar;
  readonly filesDir: string;
  readonly stateDir: string;
}

const APPEAR_TIMEOUT_MS = 180_000;

/** The demo's acts, one after the other; throws when one does not end as it should. */
export async function tellStory({ stack, scenario, calendar, filesDir, stateDir }: Scene): Promise<void> {
  const api = new PipelineApi(stack.functions.url);
  const container = BlobServiceClient.fromConnectionString(stack.storage.connectionString).getContainerClient("drops");
  const acts = new Acts(api, container, scenario, filesDir, stack.functions.url);
  await acts.dropHistory(calendar);
  await acts.train(calendar);
  await acts.backfill(calendar);
  for (const day of calendar.days.slice(0, -1)) await acts.dropDay(day);
  const lastDay = calendar.days.at(-1) ?? calendar.historyEnd;
  const lastNight = await acts.night(lastDay);
  const monitoring = await acts.monitor(calendar, lastDay);
  await tellRiskTable(stack, scenario.report, lastNight.id);
  await tellModelQuality(stack, scenario.report, monitoring.id);
  tellWhereThingsLie(stateDir, lastNight.id, monitoring.id);
}

class Acts {
  constructor(
    private readonly api: PipelineApi,
    private readonly container: ContainerClient,
    private readonly scenario: DemoScenario,
    private readonly filesDir: string,
    private readonly functionsUrl: string,
  ) {}

  async dropHistory(calendar: Calendar): Promise<void> {
    heading(`1. History up to ${calendar.historyEnd} is dropped; the blob trigger collects it into one batch`);
    const { historyInOneFile } = this.scenario;
    const which = historyInOneFile ? `--pattern '*${calendar.historyEnd}*'` : `  # those up to ${calendar.historyEnd}`;
    command(`az storage blob upload-batch -d drops -s ${this.filesDir} ${which}`);
    const run = await this.dropAndFollow(calendar.historyEnd, { earlier: true });
    // There is no model yet: ingestion and features stand, scoring says what it misses.
    expectState(run, "not_ready");
  }

  async train(calendar: Calendar): Promise<void> {
    heading(`2. The training pipeline is asked for over HTTP, with data up to ${calendar.trainingEnd} only`);
    await this.request(
      this.scenario.pipelines.training,
      this.window(calendar.first, calendar.trainingEnd),
      "demo-training",
    );
  }

  async backfill(calendar: Calendar): Promise<void> {
    heading(
      `3. ${calendar.unseen} that the model never saw ${calendar.unseen.endsWith("s") ? "are" : "is"} backfilled: ${calendar.trainingEnd} to ${calendar.historyEnd}`,
    );
    await this.request(
      this.scenario.pipelines.scoring,
      this.window(calendar.trainingEnd, calendar.historyEnd),
      "demo-backfill",
    );
  }

  async dropDay(day: string): Promise<void> {
    heading(`4. Day ${day} is dropped; the blob trigger has it scored`);
    command(`az storage blob upload-batch -d drops -s ${this.filesDir} --pattern '*/${day}*'`);
    expectState(await this.dropAndFollow(day), "succeeded");
  }

  async night(day: string): Promise<RunView> {
    heading(`5. Day ${day} is dropped, and the nightly timer comes before the collector`);
    const { scoring } = this.scenario.pipelines;
    const known = await this.api.listRunIds(scoring);
    const files = await dropFiles(this.container, this.filesDir, day);
    await this.waitUntilRecorded(files.map((file) => file.path));
    command(`curl -X POST ${this.functionsUrl}/admin/functions/scheduledRun-${scoring} -d '{"input":""}'`);
    const response = await fetch(`${this.functionsUrl}/admin/functions/scheduledRun-${scoring}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ input: "" }),
    });
    if (response.status !== 202)
      throw new Error(`the admin endpoint answered ${response.status}: ${await response.text()}`);
    const run = await follow(this.api, await this.api.nextRun(scoring, known, APPEAR_TIMEOUT_MS));
    expectState(run, "succeeded");
    return run;
  }

  async monitor(calendar: Calendar, lastDay: string): Promise<RunView> {
    heading("6. The monitoring pipeline holds the scores against the failures that then happened");
    return this.request(
      this.scenario.pipelines.monitoring,
      this.window(calendar.trainingEnd, addDays(lastDay, 1)),
      "demo-monitoring",
    );
  }

  private window(first: string, last: string): object {
    const [start, end] = [first, last].map((day) => `${day}T${this.scenario.afterPoints}:00Z`);
    return { window: { start, end } };
  }

  private async request(pipeline: string, body: object, key: string): Promise<RunView> {
    command(
      `curl -X POST ${this.functionsUrl}/api/v1/pipelines/${pipeline}/runs -H 'Idempotency-Key: ${key}' -d '${JSON.stringify(body)}'`,
    );
    const { id } = await this.api.startRun(pipeline, body, key);
    const run = await follow(this.api, id);
    expectState(run, "succeeded");
    return run;
  }

  private async dropAndFollow(day: string, which: { earlier?: boolean } = {}): Promise<RunView> {
    const { scoring } = this.scenario.pipelines;
    const known = await this.api.listRunIds(scoring);
    const files = await dropFiles(this.container, this.filesDir, day, which);
    good(
      `dropped ${files.length} files, ${formatCount(Math.round(files.reduce((sum, file) => sum + file.bytes, 0) / 1024))} KiB`,
    );
    return follow(this.api, await this.api.nextRun(this.scenario.pipelines.scoring, known, APPEAR_TIMEOUT_MS));
  }

  private async waitUntilRecorded(paths: readonly string[]): Promise<void> {
    for (const deadline = Date.now() + APPEAR_TIMEOUT_MS; Date.now() < deadline; await pause(200)) {
      const recorded = new Set(
        (await this.api.listDrops(this.scenario.pipelines.scoring, { state: "pending" })).map((drop) => drop.path),
      );
      if (paths.every((path) => recorded.has(path))) return note(`${paths.length} drops are in the ledger`);
    }
    throw new Error(`the blob trigger did not record ${paths.join(", ")}`);
  }
}

function expectState(run: RunView, state: RunView["state"]): void {
  if (run.state !== state)
    throw new Error(`run ${run.id} ended as ${run.state}, not ${state}: ${run.error?.message ?? "see its steps"}`);
}
