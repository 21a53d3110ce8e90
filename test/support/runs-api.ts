import type { HttpDoorSettings } from "../../src/api/http/door";
import type { ApiPorts } from "../../src/api/ports";
import type { ActivityDeps } from "../../src/runs/deps";
import { startAzurite } from "./azurite";
import { callApi, type ApiRequest } from "./api-calls";
import { aPipeline, createTestLedger, type TestLedger } from "./ledger";

/** The run endpoints over a ledger of each test's own, on one Azurite for the test file. */
export class RunsApi {
  #storage: Awaited<ReturnType<typeof startAzurite>> | undefined;
  test!: TestLedger;
  ports!: Pick<ApiPorts, "runs" | "pipelines" | "answers" | "operations">;
  settings!: HttpDoorSettings;

  constructor() {
    beforeAll(async () => {
      this.#storage = await startAzurite();
    }, 60_000);
    afterAll(async () => this.#storage?.stop());
    beforeEach(() => {
      this.test = createTestLedger(this.#storage?.connectionString ?? "", aPipeline("scoring"), aPipeline("training"));
      const { runs, pipelines, ledger } = this.test;
      // The verbs of these tests need no more of the activities than the ledger and its requests.
      const activities = { ledger, requests: runs } as ActivityDeps;
      this.ports = { runs, pipelines, answers: ledger.answers, operations: { activities, definitions: pipelines } };
      this.settings = { starterFor: () => this.test.starter, auth: "keys" };
    });
  }

  /** Calls any operation on this ledger. */
  readonly call = (id: string, request: ApiRequest = {}) => callApi(id, this.ports, request, this.settings);

  readonly start = (request: Partial<ApiRequest> = {}, pipeline = "scoring") =>
    this.call("startRun", { params: { pipeline }, ...request });

  readonly startWithKey = (key: string, body?: unknown) =>
    this.start({ headers: { "idempotency-key": key }, ...(body === undefined ? {} : { body }) });

  readonly get = (runId: string, headers: Record<string, string> = {}) =>
    this.call("getRun", { params: { runId }, headers });

  readonly cancel = (runId: string, body?: unknown) => this.call("cancelRun", { params: { runId }, body });

  readonly retry = (runId: string, body?: unknown) => this.call("retryRun", { params: { runId }, body });

  readonly list = (query: string) => this.call("listRuns", { query });

  /** Ends a run as its orchestration would. */
  readonly end = async (runId: string, state: "succeeded" | "failed" | "cancelled"): Promise<void> => {
    const { ledger, clock } = this.test;
    const error =
      state === "failed" ? { code: "RUN_EXECUTION_ERROR", message: "ValueError: bad", step: "ingestion" } : null;
    await ledger.runs.change(runId, () => ({ state, endedAt: new Date(clock.now()).toISOString(), error }));
  };
}

export const idOf = (answer: { body: { id?: unknown } }): string => String(answer.body.id);
