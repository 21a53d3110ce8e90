import type { ApiDeps } from "../../src/api/deps";
import { createCancelRunHandler } from "../../src/functions/http-cancel-run";
import { createGetRunHandler } from "../../src/functions/http-get-run";
import { createListRunsHandler } from "../../src/functions/http-list-runs";
import { createRetryRunHandler } from "../../src/functions/http-retry-run";
import { createStartRunHandler } from "../../src/functions/http-start-run";
import { startAzurite } from "./azurite";
import { callApi, type ApiRequest } from "./api-calls";
import { aPipeline, createTestLedger, type TestLedger } from "./ledger";

/** The run endpoints over a ledger of each test's own, on one Azurite for the test file. */
export class RunsApi {
  #storage: Awaited<ReturnType<typeof startAzurite>> | undefined;
  test!: TestLedger;
  deps!: ApiDeps;

  constructor() {
    beforeAll(async () => {
      this.#storage = await startAzurite();
    }, 60_000);
    afterAll(async () => this.#storage?.stop());
    beforeEach(() => {
      this.test = createTestLedger(this.#storage?.connectionString ?? "", aPipeline("scoring"), aPipeline("training"));
      this.deps = { runs: this.test.runs, pipelines: this.test.pipelines, starterFor: () => this.test.starter };
    });
  }

  readonly start = (request: Partial<ApiRequest> = {}, pipeline = "scoring") =>
    callApi("startRun", createStartRunHandler(this.deps), { params: { pipeline }, ...request });

  readonly startWithKey = (key: string, body?: unknown) =>
    this.start({ headers: { "idempotency-key": key }, ...(body === undefined ? {} : { body }) });

  readonly get = (runId: string, headers: Record<string, string> = {}) =>
    callApi("getRun", createGetRunHandler(this.deps), { params: { pipeline: "scoring", runId }, headers });

  readonly cancel = (runId: string) =>
    callApi("cancelRun", createCancelRunHandler(this.deps), { params: { pipeline: "scoring", runId } });

  readonly retry = (runId: string) =>
    callApi("retryRun", createRetryRunHandler(this.deps), { params: { pipeline: "scoring", runId } });

  readonly list = (query: string) => callApi("listRuns", createListRunsHandler(this.deps), { query });

  /** Ends a run as its orchestration would. */
  readonly end = async (runId: string, state: "succeeded" | "failed" | "cancelled"): Promise<void> => {
    const { ledger, clock } = this.test;
    const error =
      state === "failed" ? { code: "RUN_EXECUTION_ERROR", message: "ValueError: bad", step: "ingestion" } : null;
    await ledger.runs.change(runId, () => ({ state, endedAt: new Date(clock.now()).toISOString(), error }));
  };
}

export const idOf = (answer: { body: { id?: unknown } }): string => String(answer.body.id);
