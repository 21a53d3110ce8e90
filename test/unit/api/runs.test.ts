import { listRunsQuery, runPageSchema, runSchema } from "../../../src/api/runs/schemas";
import { idOf, RunsApi } from "../../support/runs-api";

const api = new RunsApi();
const { start, get, cancel, retry, list, end } = api;

describe("getRun", () => {
  it("shows every generation of every step, but no token of ours", async () => {
    const runId = idOf(await start());
    const intent = {
      runId,
      step: "ingestion",
      ordinal: 0,
      attempt: 1,
      job: "job-ingestion",
      intendedAt: "2026-01-01T00:00:00.000Z",
    };
    await api.test.ledger.generations.intend({ ...intent, generation: 1, idempotencyToken: "canary-token-1" });
    await api.test.ledger.generations.change(runId, 0, 1, () => ({
      ...{
        databricksRunId: "9223372036854775807",
        jobId: "5",
        url: "https://dbx.example/run",
        terminal: true,
        durationSeconds: 12,
      },
      verdict: { kind: "failed", cause: "platform", code: "DRIVER_ERROR", message: "driver lost" },
    }));
    await api.test.ledger.generations.intend({ ...intent, generation: 2, idempotencyToken: "canary-token-2" });
    await api.test.ledger.generations.change(runId, 0, 2, () => ({ lastFault: "cannot reach DATABRICKS_HOST" }));

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

  it.each(["scoring-20260101t000000-00000000", "nonsense", "'%2F"])("does not know run %s: 404", async (runId) => {
    expect(await get(runId)).toMatchObject({ status: 404, body: { title: "Unknown run", traceId: "trace-1" } });
  });
});

describe("listRuns", () => {
  it("gives every run once, newest first, over linked pages", async () => {
    const ids: string[] = [];
    for (const pipeline of ["scoring", "training", "scoring", "training", "scoring"]) {
      ids.unshift(idOf(await start({ body: { rerun: true } }, pipeline)));
      api.test.clock.advance(1000);
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
    expect(nextLink).toMatch(/^https:\/\/app\.example\/api\/v1\/runs\?pipeline=scoring&top=1&token=/);
  });

  it("finds runs by what asked for them and when, newest first, and keeps that in the link", async () => {
    const early = idOf(await start({ body: { rerun: true } }));
    api.test.clock.advance(60_000);
    const from = new Date(api.test.clock.now()).toISOString();
    const first = idOf(await start({ body: { rerun: true } }));
    api.test.clock.advance(1000);
    const second = idOf(await start({ body: { rerun: true } }, "training"));
    api.test.clock.advance(1000);
    const before = new Date(api.test.clock.now()).toISOString();
    const late = idOf(await start({ body: { rerun: true } }));
    const ids = async (query: string) => runPageSchema.parse((await list(query)).body).value.map(({ id }) => id);

    expect(await ids("?trigger=http")).toEqual([late, second, first, early]);
    expect(await ids("?trigger=schedule")).toEqual([]);
    expect(await ids(`?createdFrom=${from}&createdBefore=${before}`)).toEqual([second, first]);
    expect(await ids(`?createdBefore=${from}`)).toEqual([early]);
    const { nextLink } = runPageSchema.parse((await list(`?trigger=http&createdFrom=${from}&top=2`)).body);
    expect(await ids(new URL(nextLink ?? "").search)).toEqual([first]);
  });

  it("goes on past a run of the second that the search begins with, however it is written", async () => {
    const [from, at] = ["2030-01-01T00:00:00Z", "2030-01-01T00:00:00.500Z"];
    api.test.clock.advance(Date.parse(at) - Number(new Date(api.test.clock.now())));
    const first = idOf(await start({ body: { rerun: true } }));
    const second = idOf(await start({ body: { rerun: true } }));

    const page = runPageSchema.parse((await list(`?createdFrom=${from}&top=1`)).body);
    const next = runPageSchema.parse((await list(new URL(page.nextLink ?? "").search)).body);

    expect([...page.value, ...next.value].map(({ id }) => id).sort()).toEqual([first, second].sort());
  });

  it("says why a run can no longer be retried", async () => {
    const runId = idOf(await start());
    await end(runId, "failed");
    expect((await get(runId)).body["retryFault"]).toBeNull();

    await api.test.ledger.runs.change(runId, () => ({ retiredAt: "2026-11-30T00:00:00.000Z" }));

    expect((await list("")).body["value"]).toMatchObject([{ retryFault: "failed, its batch was removed by age," }]);
  });

  it.each([
    ["?trigger=rain", "trigger"],
    ["?createdFrom=yesterday", "createdFrom"],
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
    api.test.clock.advance(5000);
    const second = await cancel(runId);

    expect(first).toMatchObject({
      status: 202,
      body: { cancelRequestedAt: expect.any(String) },
      headers: { location: `https://app.example/api/v1/runs/${runId}` },
    });
    expect(second).toMatchObject({ status: 202, body: { cancelRequestedAt: first.body["cancelRequestedAt"] } });
    expect(api.test.starter.raised.length).toBeGreaterThan(0);
  });

  it("keeps who asked and why, once, of what is done and not of what is refused", async () => {
    const runId = idOf(await start());
    const done = async () => (await api.call("listActions", { params: { subject: runId } })).body["value"];
    await retry(runId, { reason: "too early" });
    expect(await done()).toEqual([]);

    await cancel(runId, { reason: "asked for twice" });
    await cancel(runId);
    expect(await done()).toMatchObject([{ action: "cancel", by: null, reason: "asked for twice", about: null }]);

    await end(runId, "cancelled");
    api.test.clock.advance(1000);
    await retry(runId, { reason: "it was not" });
    await retry(runId);
    expect(await done()).toMatchObject([{ action: "retry", reason: "it was not" }, { action: "cancel" }]);
  });

  it("takes a cancelled run for done, and refuses one that ended otherwise: 409", async () => {
    const cancelled = idOf(await start({ body: { rerun: true } }));
    const succeeded = idOf(await start({ body: { rerun: true } }));
    await end(cancelled, "cancelled");
    await end(succeeded, "succeeded");

    expect(await cancel(cancelled)).toMatchObject({ status: 200, body: { state: "cancelled" } });
    expect(await cancel(succeeded)).toMatchObject({
      status: 409,
      body: { title: "The run's state does not allow this" },
    });
    expect((await cancel("scoring-20260101t000000-00000000")).status).toBe(404);
  });

  it("opens the next attempt of a failed run once, and refuses others: 409", async () => {
    const runId = idOf(await start());
    expect((await retry(runId)).status).toBe(409);
    await end(runId, "failed");
    expect((await get(runId)).body["error"]).toEqual({
      code: "RUN_EXECUTION_ERROR",
      message: "ValueError: bad",
      step: "ingestion",
      remedy: expect.stringContaining("retry the run"),
    });

    const first = await retry(runId);
    const second = await retry(runId);

    expect([first, second]).toMatchObject([
      { status: 202, body: { attempt: 2, error: null } },
      { status: 202, body: { attempt: 2 } },
    ]);
    expect(new Set(api.test.starter.started)).toEqual(new Set([`${runId}-a1`, `${runId}-a2`]));
    await end(runId, "succeeded");
    expect((await retry(runId)).status).toBe(409);
  });
});
