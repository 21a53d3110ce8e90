import { releaseSlot } from "../../../src/runs/release-slot";
import { createTakeSlot } from "../../../src/activities/take-slot";
import { sweepSlots } from "../../../src/sweeps/slots";
import { sweepOpenRuns } from "../../../src/sweeps/open-runs";
import { sweepSchedules } from "../../../src/sweeps/schedules";
import { createRunRequests } from "../../../src/ledger/create-run-requests";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { aPipeline, createTestLedger, openLedger } from "../../support/ledger";

const WINDOW = { start: "2015-11-01T00:00:00Z", end: "2015-11-02T00:00:00Z" };

const storage = useAzurite();
let fixture: ActivityFixture;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
});

const ask = (alias: string, more: object = {}) =>
  fixture.activities.requests.requestRun({ pipeline: "scoring", reason: "http", alias, ...more }, fixture.starter);

const close = (runId: string, state: "succeeded" | "failed" | "cancelled") =>
  fixture.ledger.runs.change(runId, () => ({ state }));

describe("requestRun", () => {
  it("makes one run of many requests at once, whatever triggered them", async () => {
    const requests = ["timer", "event", "post", "post-2", "event-2", "timer-2"].map((alias) => ask(alias));

    const answers = await Promise.all(requests);

    expect(new Set(answers.map(({ run }) => run.runId)).size).toBe(1);
    expect(new Set(fixture.starter.started).size).toBe(1);
  });

  it("answers the same alias with the same run, even after its end, and refuses another request under it", async () => {
    const { run } = await ask("key", { window: WINDOW });
    await close(run.runId, "succeeded");

    expect((await ask("key", { window: WINDOW })).run.runId).toBe(run.runId);
    await expect(ask("key")).rejects.toMatchObject({ name: "RequestConflictError" });
  });

  it("answers with an open run of the same work, and makes a new one after its end or on purpose", async () => {
    const first = (await ask("a", { window: WINDOW })).run.runId;
    expect((await ask("b", { window: WINDOW })).run.runId).toBe(first);
    const again = (await ask("c", { window: WINDOW, rerun: true })).run.runId;
    await close(again, "succeeded");

    // Data and champion may be others by now: what a finished run scored is no answer to a new request.
    const third = (await ask("d", { window: WINDOW })).run.runId;

    expect(new Set([first, again, third]).size).toBe(3);
  });

  it("notes before the first run in which group each pipeline is now", async () => {
    const test = createTestLedger(storage.connectionString, aPipeline("scoring"), aPipeline("rescoring"));

    await test.runs.requestRun({ pipeline: "scoring", reason: "http", alias: "a" }, test.starter);

    const noted = await test.ledger.registry.memberships();
    expect(noted.map(({ pipeline }) => pipeline).sort()).toEqual(["rescoring", "scoring"]);
  });

  it("makes thirty runs of thirty reruns of one work at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) => ask(`rerun-${index}`, { window: WINDOW, rerun: true })),
    );

    expect(new Set(answers.map(({ run }) => run.runId)).size).toBe(30);
  });

  it("queues a new run for drops that came after the freeze of the running one", async () => {
    const first = (await ask("a", { reason: "drops" })).run.runId;
    expect((await ask("b", { reason: "drops" })).run.runId).toBe(first);
    await fixture.ledger.runs.change(first, () => ({ frozenAt: fixture.ledger.now().toISOString() }));

    const second = (await ask("c", { reason: "drops" })).run.runId;

    expect(second).not.toBe(first);
    expect((await ask("d")).run.runId).toBe(second);
  });

  it("names every fault of a request", async () => {
    await expect(ask("a", { window: { start: "x", end: "y" }, parameters: { nope: "1" } })).rejects.toMatchObject({
      name: "InvalidRequestError",
      message: expect.stringMatching(/window\.start.*parameters\.nope/s),
    });
    await expect(
      fixture.activities.requests.requestRun({ pipeline: "none", reason: "http", alias: "x" }, fixture.starter),
    ).rejects.toThrow(/unknown pipeline "none"; known: scoring/);
  });

  it("lists the runs of a state by its index, whatever states they had before", async () => {
    const runs: string[] = [];
    for (const alias of ["a", "b", "c", "d"]) {
      fixture.clock.advance(1000);
      runs.push((await ask(alias, { rerun: true })).run.runId);
    }
    const [a = "", b = "", c = "", d = ""] = runs;
    for (const run of [a, b, c]) await close(run, "failed");
    await fixture.activities.requests.retryRun(b, fixture.starter);
    const { requests } = fixture.activities;

    const first = await requests.listRuns({ state: "failed", top: 1 });
    const second = await requests.listRuns({ state: "failed", top: 1, token: first.nextToken ?? "" });
    const requested = await requests.listRuns({ state: "requested" });

    expect(first.items.map(({ runId }) => runId)).toEqual([c]);
    expect(second).toMatchObject({ items: [{ runId: a }], nextToken: null });
    expect(requested.items.map(({ runId }) => runId)).toEqual([d, b]);
  });

  it("still lists the runs of a pipeline whose definition is gone", async () => {
    const { runId } = (await ask("a")).run;
    const renamed = createRunRequests({
      ...fixture.ledger,
      definitions: new Map(),
      randomHex: () => "00000000",
    });

    expect(await renamed.pipelines()).toEqual(["scoring"]);
    expect((await renamed.listRuns({})).items.map((run) => run.runId)).toEqual([runId]);
  });

  it("lists runs newest first, page by page", async () => {
    const ids: string[] = [];
    for (const alias of ["a", "b", "c"]) {
      fixture.clock.advance(1000);
      ids.unshift((await ask(alias, { rerun: true })).run.runId);
    }
    const { requests } = fixture.activities;

    const page = await requests.listRuns({ top: 2 });
    const rest = await requests.listRuns({ top: 2, token: page.nextToken ?? "" });

    expect([...page.items, ...rest.items].map((run) => run.runId)).toEqual(ids);
    expect(rest.nextToken).toBeNull();
  });
});

describe("cancelRun and retryRun", () => {
  it("flags an open run, twice without harm, and refuses an ended one", async () => {
    const { runId } = (await ask("a")).run;
    const { requests } = fixture.activities;

    await requests.cancelRun(runId, fixture.starter);
    expect((await requests.cancelRun(runId, fixture.starter)).cancelRequestedAt).not.toBeNull();
    await close(runId, "succeeded");

    await expect(requests.cancelRun(runId, fixture.starter)).rejects.toMatchObject({ name: "RunStateError" });
    await expect(requests.cancelRun("scoring-20151116t063000-1a2b3c4d", fixture.starter)).rejects.toMatchObject({
      name: "RunNotInLedgerError",
    });
  });

  it("opens one next attempt when a retry is asked for twice at once", async () => {
    const { runId } = (await ask("a")).run;
    await close(runId, "failed");

    const answers = await Promise.all(
      [1, 2, 3].map(() => fixture.activities.requests.retryRun(runId, fixture.starter)),
    );

    expect(answers.map(({ run }) => run.attempt)).toEqual([2, 2, 2]);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(fixture.starter.started.at(-1)).toBe(`${runId}-a2`);
    expect((await fixture.ledger.runs.open("scoring")).map((run) => run.runId)).toEqual([runId]);
  });
});

describe("the slot of a group", () => {
  const take = (runId: string) => createTakeSlot(fixture.activities)({ runId, attempt: 1 }, fixture.context);
  const release = (runId: string) => releaseSlot(fixture.activities, { runId, attempt: 1 }, fixture.context);
  const make = async (alias: string, more: object = {}) => {
    fixture.clock.advance(1000);
    return (await ask(alias, { rerun: true, ...more })).run.runId;
  };

  it("has one holder among many who ask at once, and goes on in order, backfills last", async () => {
    const holder = await make("0");
    expect(await take(holder)).toMatchObject({ granted: true });
    const backfill = await make("1", { window: WINDOW });
    const [a, b] = [await make("2"), await make("3")];

    await Promise.all([b, backfill, a, b, a].map(take));

    const order: string[] = [];
    for (let now = holder; order.length < 3;) {
      await release(now);
      const answers = await Promise.all(
        [a, b, backfill].filter((run) => !order.includes(run)).map(async (run) => ({ run, ...(await take(run)) })),
      );
      const granted = answers.filter((answer) => answer.granted);
      expect(granted).toHaveLength(1);
      now = granted[0]?.run ?? "";
      order.push(now);
      await fixture.ledger.runs.get(now);
    }
    expect(order).toEqual([a, b, backfill]);
  });

  it("is not handed on while a Databricks run of the holder is active", async () => {
    const holder = await make("0");
    await take(holder);
    const intent = {
      runId: holder,
      attempt: 1,
      ordinal: 0,
      generation: 0,
      step: "ingestion",
      job: "job",
      idempotencyToken: "t",
      intendedAt: "",
    };
    await fixture.ledger.generations.intend(intent);

    expect(await release(holder)).toEqual({ released: false });
    await fixture.ledger.generations.change(holder, 0, 0, () => ({ terminal: true }));

    expect(await release(holder)).toEqual({ released: true });
  });

  it("is taken by the sweeper from a run that ended without giving it up", async () => {
    const [holder, next] = [await make("0"), await make("1")];
    await take(holder);
    await take(next);
    await close(holder, "failed");

    await sweepSlots(fixture.pass);

    expect(await take(next)).toMatchObject({ granted: true });
    expect(fixture.starter.raised).toContain(`${next}-a1:wake`);
  });

  it("leaves no ticket behind when a late execution asks for a run that ended", async () => {
    const [holder, late] = [await make("0"), await make("1")];
    await take(holder);
    await close(late, "cancelled");

    expect(await take(late)).toMatchObject({ granted: false, cancelRequested: true });
    expect((await fixture.ledger.slots.inspect("group")).waiting).toEqual([]);
  });
});

describe("the sweeper", () => {
  it("starts a run whose start was lost", async () => {
    const { runId } = (await ask("a")).run;
    fixture.starter.started.length = 0;
    fixture.clock.advance(60_000);

    await sweepOpenRuns(fixture.pass);

    expect(fixture.starter.started).toEqual([`${runId}-a1`]);
  });

  it("closes a run whose orchestration is lost and hands its slot on", async () => {
    const { runId } = (await ask("a")).run;
    await createTakeSlot(fixture.activities)({ runId, attempt: 1 }, fixture.context);
    fixture.starter.started.length = 0;
    fixture.clock.advance(60_000);

    await sweepOpenRuns(fixture.pass);

    expect(await fixture.ledger.runs.get(runId)).toMatchObject({
      state: "failed",
      error: { code: "ORCHESTRATION_LOST" },
    });
    expect((await fixture.ledger.slots.inspect("group")).holder).toBeNull();
    expect(fixture.notified.map((message) => message.runId)).toEqual([runId]);
  });

  it("reports each missed schedule occurrence once and lets one run cover them", async () => {
    await sweepSchedules(fixture.pass);
    fixture.clock.advance(3 * 86_400_000);

    await sweepSchedules(fixture.pass);
    await sweepSchedules(fixture.pass);

    expect(fixture.log.filter((line) => line.includes("missed schedule occurrence"))).toHaveLength(3);
    expect((await fixture.activities.requests.listRuns({})).items).toHaveLength(1);
  });
});

describe("the ledger's owner", () => {
  it("is the deployment that wrote first: another one on the same tables reads and writes nothing", async () => {
    const open = (deploymentId: string) => openLedger(storage.connectionString, deploymentId, "owned");
    await open("first").registry.register("scoring", "group");

    const second = open("second");

    await expect(second.runs.open("scoring")).rejects.toThrow(
      /belong to deployment "first", and this is "second": set LEDGER_TABLE_PREFIX/,
    );
    await expect(second.drops.hasPending("scoring")).rejects.toThrow(/LEDGER_TABLE_PREFIX/);
    await expect(open("first").registry.pipelines()).resolves.toEqual(["scoring"]);
  });
});
