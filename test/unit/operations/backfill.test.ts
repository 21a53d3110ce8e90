import { backfillFaults, planBackfill, windowsOf, type BackfillRequest } from "../../../src/domain/backfill";
import { backfillOf, cancelBackfill, listBackfills, planOf, startBackfill } from "../../../src/operations/backfill";
import type { TablePort } from "../../../src/ledger/ports";
import { pausePipeline } from "../../../src/operations/pause";
import { releaseSlot } from "../../../src/runs/release-slot";
import { sweepBackfills } from "../../../src/sweeps/backfills";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { callApi, type ApiRequest } from "../../support/api-calls";
import { useAzurite } from "../../support/azurite";

const storage = useAzurite();
let fixture: ActivityFixture;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
});

const WEEK: BackfillRequest = {
  pipeline: "scoring",
  from: "2015-11-01T06:00:00.000Z",
  to: "2015-11-05T00:00:00.000Z",
  windowHours: 24,
  reprocess: "none",
};
const deps = () => ({ activities: fixture.activities, definitions: fixture.pipelines });
const ada = () => ({ by: "ada@example.org", reason: "new features", ...fixture.context });
const start = async (request: BackfillRequest = WEEK) =>
  startBackfill(deps(), request, (await planOf(deps(), request)).hash, ada());
const end = async (runId: string | null, state: "succeeded" | "failed" | "not_ready" = "succeeded") =>
  fixture.ledger.runs.change(runId ?? "", () => ({ state, endedAt: fixture.ledger.now().toISOString() }));
const sweep = () => sweepBackfills(fixture.pass);
const runs = async () => (await fixture.activities.requests.listRuns({})).items;
/** Ends the run of the current window, and lets the sweeper go on. */
const endWindow = async (id: string, state: "succeeded" | "failed" = "succeeded") => {
  await end((await backfillOf(deps(), id)).runId, state);
  await sweep();
  return backfillOf(deps(), id);
};

describe("a plan", () => {
  it("cuts the span into windows, the last as short as it is", () => {
    const windows = windowsOf(WEEK);

    expect(windows).toHaveLength(4);
    expect(windows[0]).toEqual({ start: "2015-11-01T06:00:00.000Z", end: "2015-11-02T06:00:00.000Z" });
    expect(windows[3]).toEqual({ start: "2015-11-04T06:00:00.000Z", end: "2015-11-05T00:00:00.000Z" });
  });

  it("refuses a span that ends before it begins, and one of too many windows", () => {
    expect(backfillFaults({ ...WEEK, to: WEEK.from })).toEqual(["to: must be after from"]);
    expect(backfillFaults({ ...WEEK, to: "2017-11-01T06:00:00Z" })[0]).toMatch(/731 windows, .* at most 500/);
  });

  it.each([
    ["none", ["run", "skip", "skip", "skip"]],
    ["failed", ["run", "skip", "run", "skip"]],
    ["completed", ["run", "run", "run", "skip"]],
  ] as const)("with reprocess %s runs what it says", (reprocess, actions) => {
    const made = (state: "succeeded" | "not_ready" | "running") => ({ runId: state, state, attempt: 1 });

    const { windows, count } = planBackfill({ ...WEEK, reprocess }, [
      null,
      made("succeeded"),
      made("not_ready"),
      made("running"),
    ]);

    expect(windows.map(({ action }) => action)).toEqual(actions);
    expect(count).toBe(actions.filter((action) => action === "run").length);
  });
});

describe("a backfill", () => {
  it("runs one window at a time, to its end, and skips what exists", async () => {
    const window = { start: "2015-11-02T06:00:00Z", end: "2015-11-03T06:00:00Z" };
    await end(await fixture.openRun({ window }));
    const { id } = await start();

    const seen: (string | undefined)[] = [];
    for (let windows = 0; windows < 3; windows += 1) {
      const open = await fixture.ledger.runs.open("scoring");
      expect(open).toMatchObject([{ reason: "backfill", requestedBy: "ada@example.org" }]);
      seen.push(open[0]?.window?.start);
      fixture.clock.advance(1000);
      await endWindow(id);
    }

    expect(seen).toEqual(["2015-11-01T06:00:00.000Z", "2015-11-03T06:00:00.000Z", "2015-11-04T06:00:00.000Z"]);
    expect(await backfillOf(deps(), id)).toMatchObject({ state: "completed", done: 3, failed: 0, runId: null });
    expect(await fixture.ledger.backfills.open()).toEqual([]);
    expect(await fixture.ledger.actions.list("scoring", 5)).toMatchObject([
      { action: "backfill", by: "ada@example.org" },
    ]);
  });

  it("goes on as soon as the run of a window has given up its slot", async () => {
    const { id, runId } = await start();
    await end(runId);

    await releaseSlot(fixture.activities, { runId: runId ?? "", attempt: 1 }, fixture.context);

    expect(await backfillOf(deps(), id)).toMatchObject({ done: 1, runId: expect.not.stringMatching(runId ?? "") });
  });

  it("is advanced by many at once like by one", async () => {
    const { id, runId } = await start();
    await end(runId);

    await Promise.all([sweep(), sweep(), sweep()]);

    expect(await backfillOf(deps(), id)).toMatchObject({ done: 1 });
    expect(await runs()).toHaveLength(2);
  });

  it("is refused when what exists has changed since the plan", async () => {
    const { hash } = await planOf(deps(), WEEK);
    const window = { start: "2015-11-02T06:00:00Z", end: "2015-11-03T06:00:00Z" };
    await fixture.openRun({ window });

    await expect(startBackfill(deps(), WEEK, hash, ada())).rejects.toMatchObject({ code: "plan-moved" });
    await expect(startBackfill(deps(), { ...WEEK, windowHours: 12 }, hash, ada())).rejects.toThrow(/has changed/);
    expect(await listBackfills(deps(), "scoring")).toEqual([]);
  });

  it("is one of two calls at once, and another only when it is over", async () => {
    await pausePipeline(deps(), "scoring", ada());
    const [first, second] = await Promise.all([start(), start()]);
    const third = await start();

    expect([second.id, third.id]).toEqual([first.id, first.id]);
    expect(await listBackfills(deps(), "scoring")).toHaveLength(1);
    await cancelBackfill(deps(), first.id, ada());
    expect((await start()).id).not.toBe(first.id);
  });

  it("is started though its first window cannot be asked for yet: the sweeper does it", async () => {
    const { requests } = fixture.activities;
    const requestRun = requests.requestRun.bind(requests);
    requests.requestRun = async () => Promise.reject(new Error("storage is away"));
    const { id } = await start();
    requests.requestRun = requestRun;
    expect(fixture.log.some((line) => line.includes("storage is away"))).toBe(true);

    await sweep();

    expect(await backfillOf(deps(), id)).toMatchObject({ state: "running", runId: expect.any(String) });
  });

  it("of before, without a row of its plan, still ends", async () => {
    const { id } = await start();
    const { table } = fixture.ledger.backfills as unknown as { table: TablePort };
    const row = await table.get("backfills|", `b|${id}`);
    const { plan, ...before } = row ?? { etag: "", partitionKey: "", rowKey: "" };
    await table.remove("backfills|", `plan|${String(plan)}`);
    await table.remove("backfills|", `b|${id}`);
    await table.insert(before);

    expect(await cancelBackfill(deps(), id, ada())).toMatchObject({ state: "cancelled" });
    expect(await fixture.ledger.backfills.open()).toEqual([]);
  });

  it("stops after three failed windows in a row, and not for single ones", async () => {
    const { id } = await start({ ...WEEK, to: "2015-11-09T06:00:00.000Z" });
    for (const state of ["failed", "failed", "succeeded", "failed", "failed"] as const) await endWindow(id, state);
    expect(await backfillOf(deps(), id)).toMatchObject({ state: "running", failed: 4 });

    expect(await endWindow(id, "failed")).toMatchObject({ state: "stopped", done: 6, failed: 5 });
    expect(await fixture.ledger.runs.open("scoring")).toEqual([]);
  });

  it("asks for no window while its pipeline is paused", async () => {
    const { id, runId } = await start();
    await pausePipeline(deps(), "scoring", ada());
    await end(runId);

    await sweep();

    expect(await backfillOf(deps(), id)).toMatchObject({ state: "running", done: 1, runId: null });
  });

  it("asks for none after it was cancelled", async () => {
    const { id, runId } = await start();
    expect(await cancelBackfill(deps(), id, ada())).toMatchObject({ state: "cancelled" });
    await end(runId);

    await sweep();

    expect(await fixture.ledger.runs.open("scoring")).toEqual([]);
    expect(await cancelBackfill(deps(), id, ada())).toMatchObject({ state: "cancelled", done: 0 });
  });

  it("stops when its pipeline is gone", async () => {
    const { id, runId } = await start();
    await end(runId);
    (fixture.pipelines as Map<string, unknown>).delete("scoring");

    await sweep();

    expect(await backfillOf(deps(), id)).toMatchObject({ state: "stopped" });
  });
});

it("the API plans, starts by the hash, shows and cancels", async () => {
  const call = async (id: string, request: ApiRequest) => {
    const { activities, pipelines, ledger } = fixture;
    const operations = { activities, definitions: pipelines };
    const ports = { runs: activities.requests, pipelines, operations, answers: ledger.answers };
    return callApi(id, ports, request, { starterFor: () => fixture.starter });
  };
  const params = { pipeline: "scoring" };
  const { from, to } = WEEK;

  const plan = await call("planBackfill", { params, query: `?from=${from}&to=${to}` });
  const body = { from, to, hash: plan.body["hash"], reason: "new features" };
  const started = await call("startBackfill", { params, body });
  const again = await call("startBackfill", { params, body });
  const { id: backfillId } = started.body as unknown as { id: string };

  expect(plan.body).toMatchObject({ count: 4 });
  expect(started).toMatchObject({ status: 202, body: { state: "running", windows: 4, done: 0 } });
  expect(again).toMatchObject({ status: 409, body: { type: "urn:batchkeeper:problem:plan-moved" } });
  expect((await call("getBackfill", { params: { backfillId } })).body).toEqual(started.body);
  const cancelled = await call("cancelBackfill", { params: { backfillId }, body: { reason: "enough" } });
  expect(cancelled.body).toMatchObject({ state: "cancelled" });
  expect((await call("listBackfills", { params })).body["value"]).toEqual([cancelled.body]);
  expect(await call("getBackfill", { params: { backfillId: "none" } })).toMatchObject({ status: 404 });
});
