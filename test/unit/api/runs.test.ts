import { listRunsQuery, runPageSchema, runSchema } from "../../../src/api/schemas";
import type { ApiDeps } from "../../../src/api/deps";
import { createCancelRunHandler } from "../../../src/functions/http-cancel-run";
import { createGetRunHandler } from "../../../src/functions/http-get-run";
import { createListPipelineRunsHandler, createListRunsHandler } from "../../../src/functions/http-list-runs";
import { createRetryRunHandler } from "../../../src/functions/http-retry-run";
import { createStartRunHandler } from "../../../src/functions/http-start-run";
import { startAzurite } from "../../support/azurite";
import { callApi, type ApiRequest } from "../../support/api-calls";
import { aPipeline, createTestLedger, type TestLedger } from "../../support/ledger";

let storage: Awaited<ReturnType<typeof startAzurite>>;
let test: TestLedger;
let deps: ApiDeps;

beforeAll(async () => {
  storage = await startAzurite();
}, 60_000);
afterAll(async () => {
  await storage.stop();
});
beforeEach(() => {
  test = createTestLedger(storage.connectionString, aPipeline("scoring"), aPipeline("training"));
  deps = { runs: test.runs, pipelines: test.pipelines, starterFor: () => test.starter };
});

const start = (request: Partial<ApiRequest> = {}, pipeline = "scoring") =>
  callApi("startRun", createStartRunHandler(deps), { params: { pipeline }, ...request });
const startWithKey = (key: string, body?: unknown) =>
  start({ headers: { "idempotency-key": key }, ...(body === undefined ? {} : { body }) });
const get = (runId: string, headers: Record<string, string> = {}) =>
  callApi("getRun", createGetRunHandler(deps), { params: { pipeline: "scoring", runId }, headers });
const cancel = (runId: string) => callApi("cancelRun", createCancelRunHandler(deps), { params: { pipeline: "scoring", runId } });
const retry = (runId: string) => callApi("retryRun", createRetryRunHandler(deps), { params: { pipeline: "scoring", runId } });
const list = (query: string) => callApi("listRuns", createListRunsHandler(deps), { query });

/** Ends a run as its orchestration would. */
async function end(runId: string, state: "succeeded" | "failed" | "cancelled"): Promise<void> {
  const error = state === "failed" ? { code: "RUN_EXECUTION_ERROR", message: "ValueError: bad", step: "ingestion" } : null;
  await test.ledger.runs.change(runId, () => ({ state, endedAt: new Date(test.clock.now()).toISOString(), error }));
}
const idOf = (answer: { body: { id?: unknown } }): string => String(answer.body.id);

describe("startRun", () => {
  it("answers 202 with the run, where it is and when to look, and starts its orchestration", async () => {
    const answer = await start({
      body: { window: { start: "2015-11-15T06:00:00Z", end: "2015-11-16T06:00:00Z" }, parameters: { depth: "2" } },
    });

    expect(answer.status).toBe(202);
    const run = runSchema.parse(answer.body);
    expect(run).toMatchObject({
      pipeline: "scoring",
      state: "requested",
      reason: "http",
      window: { start: "2015-11-15T06:00:00.000Z", end: "2015-11-16T06:00:00.000Z" },
      parameters: { depth: "2" },
      steps: [{ name: "ingestion", job: "job-ingestion", state: "pending", generations: [] }],
    });
    expect(answer.headers).toMatchObject({ location: `https://app.example/api/pipelines/scoring/runs/${run.id}`, "retry-after": "5" });
    expect(test.starter.started).toEqual([`${run.id}-a1`]);
  });

  it("takes an empty body and no key", async () => {
    expect((await start()).status).toBe(202);
  });

  it("gives the same answer to the same key and body, also when the run is over", async () => {
    const first = await startWithKey("key-1", { parameters: { depth: "2" } });
    const second = await startWithKey('"key-1"', { parameters: { depth: "2" }, rerun: false });
    await end(idOf(first), "succeeded");
    const third = await startWithKey("key-1", { parameters: { depth: "2" } });

    expect(second).toMatchObject({ status: 202, body: first.body });
    expect(third).toMatchObject({ status: 202, body: { id: idOf(first), state: "succeeded" } });
    expect(new Set(test.starter.started).size).toBe(1);
  });

  it("refuses the same key with another body: 422", async () => {
    const first = await startWithKey("key-1", {});
    const answer = await startWithKey("key-1", { parameters: { depth: "3" } });

    expect(answer.status).toBe(422);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(answer.body).toMatchObject({
      type: "urn:batchkeeper:problem:idempotency-key-reused",
      status: 422,
      instance: "/api/pipelines/scoring/runs",
    });
    expect(JSON.stringify(answer.body["detail"])).toContain(idOf(first));
  });

  it("returns the open run for the same work, and a new one for rerun: true", async () => {
    const first = await startWithKey("key-1");
    const same = await startWithKey("key-2");
    const again = await startWithKey("key-3", { rerun: true });

    expect(idOf(same)).toBe(idOf(first));
    expect(idOf(again)).not.toBe(idOf(first));
    expect(again.body["rerun"]).toBe(true);
  });

  it("makes one run of many simultaneous requests with one key", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => startWithKey("key-1")));

    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([202]));
    expect(new Set(answers.map(idOf)).size).toBe(1);
  });

  it("names the known pipelines when it does not know one: 404", async () => {
    const answer = await start({}, "scorinf");

    expect(answer.status).toBe(404);
    expect(answer.body["detail"]).toBe('there is no pipeline "scorinf"; known: scoring, training');
  });

  it.each<[string, ApiRequest, { pointer: string; detail: RegExp }[]]>([
    [
      "a window that ends before it starts",
      { body: { window: { start: "2015-11-16T00:00:00Z", end: "2015-11-15T00:00:00Z" } } },
      [{ pointer: "/window", detail: /before end/ }],
    ],
    [
      "a window without UTC",
      { body: { window: { start: "2015-11-16T00:00:00", end: "2015-11-17" } } },
      [
        { pointer: "/window/start", detail: /ISO/ },
        { pointer: "/window/end", detail: /ISO/ },
      ],
    ],
    ["half a window", { body: { window: { start: "2015-11-16T00:00:00Z" } } }, [{ pointer: "/window/end", detail: /string/ }]],
    [
      "an unknown field and a wrong type",
      { body: { rerun: "yes", windw: 1 } },
      [
        { pointer: "/rerun", detail: /boolean/ },
        { pointer: "/windw", detail: /not known/ },
      ],
    ],
    [
      "a parameter that is no string",
      { body: { parameters: { "a/b": 1, depth: 2 } } },
      [
        { pointer: "/parameters/a~1b", detail: /./ },
        { pointer: "/parameters/depth", detail: /string/ },
      ],
    ],
    ["a parameter that no step has", { body: { parameters: { dept: "2" } } }, [{ pointer: "", detail: /dept.*known: depth/ }]],
    ["a body that is no JSON", { body: "{window" }, [{ pointer: "", detail: /not JSON/ }]],
    ["an array", { body: "[]" }, [{ pointer: "", detail: /object/ }]],
    ["a huge body", { body: JSON.stringify({ parameters: { depth: "x".repeat(300_000) } }) }, [{ pointer: "", detail: /larger/ }]],
    ["an empty key", { headers: { "idempotency-key": "" } }, [{ pointer: "Idempotency-Key", detail: /1 to 128/ }]],
    ["a key that is too long", { headers: { "idempotency-key": "k".repeat(129) } }, [{ pointer: "Idempotency-Key", detail: /1 to 128/ }]],
  ])("refuses %s and says where: 400", async (_name, request, errors) => {
    const answer = await start(request);

    expect(answer.status).toBe(400);
    expect(answer.body["errors"]).toEqual(
      expect.arrayContaining(errors.map(({ pointer, detail }) => ({ pointer, detail: expect.stringMatching(detail) }))),
    );
    expect(answer.body["errors"]).toHaveLength(errors.length);
    expect(test.starter.started).toEqual([]);
  });

  it("takes JSON from curl, which calls it a form", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };

    expect(await start({ headers, body: { parameters: { depth: "4" } } })).toMatchObject({
      status: 202,
      body: { parameters: { depth: "4" } },
    });
    expect((await start({ headers, body: "depth=4" })).status).toBe(415);
  });

  it("refuses what is not JSON by its type: 415", async () => {
    expect((await start({ headers: { "content-type": "text/csv" }, body: "a,b" })).status).toBe(415);
  });
});

describe("getRun", () => {
  it("shows every generation of every step, but no token of ours", async () => {
    const runId = idOf(await start());
    const intent = { runId, step: "ingestion", ordinal: 0, attempt: 1, job: "job-ingestion", intendedAt: "2026-01-01T00:00:00.000Z" };
    await test.ledger.generations.intend({ ...intent, generation: 1, idempotencyToken: "canary-token-1" });
    await test.ledger.generations.change(runId, 0, 1, () => ({
      ...{ databricksRunId: "9223372036854775807", jobId: "5", url: "https://dbx.example/run", terminal: true, durationSeconds: 12 },
      verdict: { kind: "failed", cause: "platform", code: "DRIVER_ERROR", message: "driver lost" },
    }));
    await test.ledger.generations.intend({ ...intent, generation: 2, idempotencyToken: "canary-token-2" });
    await test.ledger.generations.change(runId, 0, 2, () => ({ lastFault: "cannot reach DATABRICKS_HOST" }));

    const answer = await get(runId);

    const [step] = runSchema.parse(answer.body).steps;
    expect(step).toMatchObject({ name: "ingestion", state: "running" });
    expect(step?.generations).toMatchObject([
      {
        generation: 1,
        databricksRunId: "9223372036854775807",
        url: "https://dbx.example/run",
        verdict: { cause: "platform" },
        durationSeconds: 12,
      },
      { generation: 2, databricksRunId: null, verdict: null, lastFault: "cannot reach DATABRICKS_HOST" },
    ]);
    expect(JSON.stringify(answer)).not.toContain("canary-token");
  });

  it("answers 304 to the ETag it gave, until something changes", async () => {
    const runId = idOf(await start());
    const first = await get(runId);
    const etag = first.headers["etag"] ?? "";

    expect(first.headers["retry-after"]).toBe("5");
    expect(await get(runId, { "if-none-match": etag })).toMatchObject({ status: 304, body: {}, headers: { etag } });
    expect((await get(runId, { "if-none-match": `"other", W/${etag}` })).status).toBe(304);

    await end(runId, "succeeded");
    const last = await get(runId, { "if-none-match": etag });
    expect(last).toMatchObject({ status: 200, body: { state: "succeeded" } });
    expect(last.headers).not.toHaveProperty("retry-after");
  });

  it("does not show a run under another pipeline: 404", async () => {
    const runId = idOf(await start());

    const answer = await callApi("getRun", createGetRunHandler(deps), { params: { pipeline: "training", runId } });

    expect(answer.status).toBe(404);
  });

  it.each(["scoring-20260101t000000-00000000", "nonsense", "'%2F"])("does not know run %s: 404", async (runId) => {
    expect(await get(runId)).toMatchObject({ status: 404, body: { title: "Unknown run", traceId: "trace-1" } });
  });
});

describe("listRuns", () => {
  it("gives every run once, newest first, over linked pages", async () => {
    const ids: string[] = [];
    for (const pipeline of ["scoring", "training", "scoring", "training", "scoring"]) {
      ids.unshift(idOf(await start({ body: { rerun: true } }, pipeline)));
      test.clock.advance(1000);
    }

    const seen: string[] = [];
    let query: string | undefined = "?top=2&code=host-key";
    let pages = 0;
    while (query !== undefined) {
      const page = runPageSchema.parse((await list(query)).body);
      expect(page.nextLink ?? "").not.toContain("host-key");
      seen.push(...page.value.map((run) => run.id));
      query = page.nextLink === undefined ? undefined : new URL(page.nextLink).search;
      pages += 1;
    }

    expect(seen).toEqual(ids);
    expect(pages).toBe(3);
  });

  it("filters by pipeline and state, and keeps the filters in the link", async () => {
    const done = idOf(await start({ body: { rerun: true } }));
    await end(done, "succeeded");
    await start({ body: { rerun: true } });
    await start({}, "training");

    expect((await list("?pipeline=scoring&state=succeeded")).body["value"]).toMatchObject([{ id: done }]);
    const { nextLink } = runPageSchema.parse((await list("?pipeline=scoring&top=1")).body);
    expect(nextLink).toMatch(/^https:\/\/app\.example\/api\/runs\?pipeline=scoring&top=1&token=/);
  });

  it("lists one pipeline under its own path", async () => {
    const runId = idOf(await start());
    await start({}, "training");

    const answer = await callApi("listPipelineRuns", createListPipelineRunsHandler(deps), { params: { pipeline: "scoring" } });

    expect(runPageSchema.parse(answer.body).value.map((run) => run.id)).toEqual([runId]);
  });

  it.each([
    ["?top=0", "top"],
    ["?top=201", "top"],
    ["?top=ten", "top"],
    ["?state=done", "state"],
    ["?stat=failed", "stat"],
  ])("refuses %s: 400", async (query, pointer) => {
    expect(await list(query)).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
    expect(Object.keys(listRunsQuery.shape)).toContain("state");
  });

  it("does not know the pipeline: 404", async () => {
    expect((await list("?pipeline=nope")).status).toBe(404);
  });
});

describe("cancelRun and retryRun", () => {
  it("notes the wish once, wakes the orchestration, and repeats the answer", async () => {
    const runId = idOf(await start());

    const first = await cancel(runId);
    test.clock.advance(5000);
    const second = await cancel(runId);

    expect(first).toMatchObject({
      status: 202,
      body: { cancelRequestedAt: expect.any(String) },
      headers: { location: `https://app.example/api/pipelines/scoring/runs/${runId}` },
    });
    expect(second).toMatchObject({ status: 202, body: { cancelRequestedAt: first.body["cancelRequestedAt"] } });
    expect(test.starter.raised.length).toBeGreaterThan(0);
  });

  it("takes a cancelled run for done, and refuses one that ended otherwise: 409", async () => {
    const cancelled = idOf(await start({ body: { rerun: true } }));
    const succeeded = idOf(await start({ body: { rerun: true } }));
    await end(cancelled, "cancelled");
    await end(succeeded, "succeeded");

    expect(await cancel(cancelled)).toMatchObject({ status: 200, body: { state: "cancelled" } });
    expect(await cancel(succeeded)).toMatchObject({ status: 409, body: { title: "The run's state does not allow this" } });
    expect((await cancel("scoring-20260101t000000-00000000")).status).toBe(404);
  });

  it("opens the next attempt of a failed run once, and refuses others: 409", async () => {
    const runId = idOf(await start());
    expect((await retry(runId)).status).toBe(409);
    await end(runId, "failed");
    expect((await get(runId)).body["error"]).toEqual({ code: "RUN_EXECUTION_ERROR", message: "ValueError: bad", step: "ingestion" });

    const first = await retry(runId);
    const second = await retry(runId);

    expect([first, second]).toMatchObject([
      { status: 202, body: { attempt: 2, error: null } },
      { status: 202, body: { attempt: 2 } },
    ]);
    expect(new Set(test.starter.started)).toEqual(new Set([`${runId}-a1`, `${runId}-a2`]));
    await end(runId, "succeeded");
    expect((await retry(runId)).status).toBe(409);
  });
});
