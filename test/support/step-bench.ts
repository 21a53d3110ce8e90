import { createCancelStep } from "../../src/activities/cancel-step";
import { createPollStep } from "../../src/activities/poll-step";
import { createStartStep } from "../../src/activities/start-step";
import { createJobsClient } from "../../src/databricks/connect";
import type { JobsClient } from "../../src/databricks/jobs-client";
import type { SettleResult, StepAttempt, StepResult, Stopping } from "../../src/domain/activity-types";
import type { GenerationRecord } from "../../src/domain/generation";
import type { ActivityDeps } from "../../src/runs/deps";
import { settleRun } from "../../src/runs/settle-run";
import { createActivityFixture, type ActivityFixture } from "./activities";
import { FakeClock } from "./fake-clock";
import type { StorageWrap } from "./ledger";
import { FakeJobs, type FakeBehaviour } from "../../local/fake-jobs";

/** One run whose first step is started, looked at and settled by the real activities, over a real ledger and a fake Jobs API. */
export class StepBench {
  behaviour: FakeBehaviour = { delayMs: 0 };

  private constructor(
    readonly fixture: ActivityFixture,
    readonly server: FakeJobs,
    readonly jobs: JobsClient,
    readonly runId: string,
    behave: { of: () => FakeBehaviour },
  ) {
    behave.of = () => this.behaviour;
  }

  /** `budgetMs`: how long the client itself repeats a call; its pauses take no time. */
  static async start(connectionString: string, budgetMs = 1, storage: StorageWrap = {}): Promise<StepBench> {
    const behave = { of: (): FakeBehaviour => ({}) };
    const server = new FakeJobs(["job-ingestion", "job-scoring"], () => behave.of());
    const jobs = createJobsClient({
      host: await server.start(),
      auth: { kind: "token", token: "t" },
      requestsPerSecond: 1000,
      version: "0",
      clock: new FakeClock(),
      budgetMs,
    });
    const fixture = await createActivityFixture(connectionString, jobs, { storage });
    return new StepBench(fixture, server, jobs, await fixture.openRun(), behave);
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  step(generation = 0, attempt = 1): StepAttempt {
    return { runId: this.runId, attempt, ordinal: 0, generation };
  }

  /** The activities with other parts, such as a client that does something in between. */
  with(over: Partial<ActivityDeps>): ActivityDeps {
    return { ...this.fixture.activities, ...over };
  }

  async startStep(step = this.step(), deps: ActivityDeps = this.fixture.activities): Promise<StepResult> {
    return createStartStep(deps)(step, this.fixture.context);
  }

  async poll(stopping: Stopping | null = null, deps: ActivityDeps = this.fixture.activities): Promise<StepResult> {
    return createPollStep(deps)({ ...this.step(), stopping }, this.fixture.context);
  }

  async cancel(deps: ActivityDeps = this.fixture.activities): Promise<null> {
    return createCancelStep(deps)(this.step(), this.fixture.context);
  }

  async settle(deps: ActivityDeps = this.fixture.activities): Promise<SettleResult> {
    return settleRun(deps, { runId: this.runId, attempt: 1 });
  }

  /** Repeats `look` with so much time in between until it gives something; the looks it took, or null. */
  async until(look: () => Promise<boolean>, options: { everySeconds: number; looks: number }): Promise<number | null> {
    for (let looks = 1; looks <= options.looks; looks += 1) {
      if (await look()) return looks;
      this.advance(options.everySeconds);
    }
    return null;
  }

  async settled(options: { everySeconds: number; looks: number }): Promise<number | null> {
    return this.until(async () => (await this.settle()).remaining === 0, options);
  }

  advance(seconds: number): void {
    this.fixture.clock.advance(seconds * 1000);
  }

  async record(generation = 0): Promise<GenerationRecord> {
    const found = await this.fixture.ledger.generations.get(this.runId, 0, generation);
    if (found === null) throw new Error(`no generation ${generation}`);
    return found;
  }

  async close(): Promise<void> {
    await this.fixture.ledger.runs.change(this.runId, () => ({ state: "failed" }));
  }

  /** Which of the Databricks runs were asked to end. */
  cancelled(): boolean[] {
    return this.server.runs.map((run) => run.cancelledAt !== null);
  }
}
