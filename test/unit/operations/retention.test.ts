import { createRetention } from "../../../src/runs/retention/plan";
import { sweepRetention } from "../../../src/sweeps/retention";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";

const storage = useAzurite();
let fixture: ActivityFixture;
let batch: BatchDriver;

const PATH = "telemetry/2015-11-15.csv";
const DAY_MS = 86_400_000;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
  batch = new BatchDriver(fixture);
  await fixture.ledger.registry.register("scoring", "group");
});

/** A closed run with one drop in its batch. */
async function aRun(state: "succeeded" | "failed" = "succeeded", path = PATH): Promise<string> {
  await batch.deliver(path);
  const runId = await fixture.openRun({ rerun: true });
  await batch.make(runId);
  await batch.close(runId, state);
  return runId;
}

const later = (days: number) => fixture.clock.advance(days * DAY_MS);
const sweep = async () => sweepRetention(fixture.pass);
const plan = async () => createRetention(fixture.ledger, fixture.pipelines).plan("scoring", 100);
const frozen = async (runId: string): Promise<string[]> => {
  const paths: string[] = [];
  for await (const { blobs } of fixture.ledger.blobs.list("batches", { prefix: `${runId}/` }))
    paths.push(...blobs.map(({ path }) => path));
  return paths;
};

describe("what belongs to a closed run", () => {
  it("goes stage by stage: histories, then frozen copies, then rows and results", async () => {
    const runId = await aRun();
    await fixture.ledger.blobs.putJson("results", `${runId}/run.json`, {});
    later(29);
    await sweep();
    expect(fixture.starter.purged).toEqual([]);

    later(2);
    expect((await plan()).due).toEqual({ history: [runId], batch: [], ledger: [] });
    await sweep();
    expect(fixture.starter.purged).toEqual([`${runId}-a1`]);
    expect(await frozen(runId)).not.toEqual([]);

    later(150);
    await sweep();
    expect(await frozen(runId)).toEqual([]);
    expect(await fixture.ledger.runs.get(runId)).toMatchObject({
      state: "succeeded",
      batchRemovedAt: expect.any(String),
    });
    expect(await fixture.ledger.blobs.head("results", `${runId}/run.json`)).not.toBeNull();
    expect((await plan()).due).toEqual({ history: [], batch: [], ledger: [] });

    later(920);
    await sweep();
    expect(await fixture.ledger.runs.get(runId)).toBeNull();
    expect((await fixture.activities.requests.listRuns({ pipeline: "scoring", state: "succeeded" })).items).toEqual([]);
    expect(await fixture.ledger.blobs.head("results", `${runId}/run.json`)).toBeNull();
    expect(fixture.starter.purged).toHaveLength(1);
  });

  it("keeps the rows of a drop whose blob is still there, so that no scan reads it again", async () => {
    await aRun("succeeded", "telemetry/kept.csv");
    await aRun("succeeded", PATH);
    await fixture.remove(PATH);
    later(1100);

    await sweep();

    expect(await batch.states()).toEqual({ "telemetry/kept.csv": "batched" });
    expect((await batch.receive("telemetry/kept.csv")).kind === "drop" && (await batch.states())).toEqual({
      "telemetry/kept.csv": "batched",
    });
  });

  it("frees its alias: the same key asks for a new run then", async () => {
    const ask = async () =>
      (
        await fixture.activities.requests.requestRun(
          { pipeline: "scoring", reason: "http", alias: "key" },
          fixture.starter,
        )
      ).run;
    const { runId } = await ask();
    const second = { pipeline: "scoring", reason: "http", alias: "second key" } as const;
    await fixture.activities.requests.requestRun(second, fixture.starter);
    await batch.close(runId, "nothing_to_do");
    later(1100);
    await sweep();

    expect((await ask()).runId).not.toBe(runId);
    expect((await fixture.activities.requests.requestRun(second, fixture.starter)).run.runId).not.toBe(runId);
  });
});

describe("nothing goes, however old it is,", () => {
  const old = async (runId: string): Promise<string | undefined> => {
    later(1200);
    const { held } = await plan();
    await sweep();
    expect(fixture.starter.purged).toEqual([]);
    expect(await fixture.ledger.runs.get(runId)).not.toBeNull();
    return held.find((one) => one.runId === runId)?.why;
  };

  it("of a run that failed with its batch, which may be retried", async () => {
    expect(await old(await aRun("failed"))).toMatch(/never reached its end/);
  });

  it("of a run whose Databricks run is not proven to have ended", async () => {
    const runId = await aRun();
    await fixture.ledger.generations.intend({
      ...{ runId, ordinal: 0, generation: 0, step: "ingestion", attempt: 1, job: "job-ingestion" },
      ...{ idempotencyToken: "token", intendedAt: "2020-01-01T00:00:00.000Z" },
    });
    expect(await old(runId)).toMatch(/not proven/);
  });

  it("of a run with files in quarantine of which nobody has decided", async () => {
    const runId = await aRun();
    const item = {
      id: "x",
      pipeline: "scoring",
      runId,
      path: PATH,
      etag: "0x1",
      source: "telemetry",
      whole: true,
      rows: 0,
    };
    await fixture.ledger.quarantine.note({ ...item, rule: "r", foundAt: "2020-01-01T00:00:00.000Z", decision: null });
    expect(await old(runId)).toMatch(/nobody has decided of 1 files/);
  });

  it("of a failed run whose copies the quarantine of its taker, or a Databricks run of it, needs", async () => {
    const failed = await aRun("failed");
    later(100);
    const taker = await fixture.openRun();
    await batch.make(taker);
    await batch.close(taker);
    const generation = {
      ...{ runId: taker, ordinal: 0, generation: 0, step: "ingestion", attempt: 1, job: "job-ingestion" },
      ...{ idempotencyToken: "token", intendedAt: "2020-01-01T00:00:00.000Z" },
    };
    await fixture.ledger.generations.intend(generation);
    expect(await old(failed)).toMatch(/not proven/);
    expect(await fixture.frozenText(taker, PATH)).toBe(PATH);

    await fixture.ledger.generations.change(taker, 0, 0, () => ({ terminal: true }));
    const item = { id: "x", pipeline: "scoring", runId: taker, path: PATH, etag: "0x1", source: "telemetry" };
    const what = { whole: true, rows: 0, rule: "r", foundAt: "2020-01-01T00:00:00.000Z", decision: null };
    await fixture.ledger.quarantine.note({ ...item, ...what });
    expect(await old(failed)).toMatch(/nobody has decided of 1 files/);
    expect(await fixture.frozenText(taker, PATH)).toBe(PATH);
  });

  it("of an open run", async () => {
    const runId = await fixture.openRun();
    later(1200);
    await sweep();
    expect(await fixture.ledger.runs.get(runId)).toMatchObject({ state: "requested" });
  });

  it("of a failed run whose bytes a later run's manifest lists, before that one is old as well", async () => {
    const failed = await aRun("failed");
    later(100);
    const taker = await fixture.openRun();
    expect(await batch.make(taker)).toEqual([PATH]);
    await batch.close(taker);
    later(100);
    await sweep();
    expect(await frozen(failed)).not.toEqual([]);
    expect(await fixture.frozenText(taker, PATH)).toBe(PATH);

    later(90);
    await sweep();
    expect([await frozen(failed), await frozen(taker)]).toEqual([[], []]);
    later(1000);
    await sweep();
    expect([await fixture.ledger.runs.get(failed), await fixture.ledger.runs.get(taker)]).toEqual([null, null]);
  });
});

describe("a run that waited for something", () => {
  const retry = async (runId: string) => fixture.activities.requests.retryRun(runId, fixture.starter);
  /** A run that found its batch, and not what its steps need. */
  async function notReady(): Promise<string> {
    await batch.deliver(PATH);
    const runId = await fixture.openRun();
    await batch.make(runId);
    await batch.close(runId, "not_ready");
    return runId;
  }

  it("cannot be retried once its batch was removed", async () => {
    const runId = await notReady();
    later(181);
    await sweep();
    expect(await frozen(runId)).toEqual([]);

    await expect(retry(runId)).rejects.toThrow(/not_ready, its batch was removed by age, and cannot be retried/);
  });

  it("keeps its batch when a person retries it after it was listed", async () => {
    const runId = await notReady();
    later(181);
    const { generations } = fixture.ledger;
    const list = generations.list.bind(generations);
    generations.list = async (of) => {
      generations.list = list;
      await retry(runId);
      return list(of);
    };
    await sweep();

    expect(await fixture.frozenText(runId, PATH)).toBe(PATH);
    expect(await fixture.ledger.runs.get(runId)).toMatchObject({ attempt: 2, state: "requested" });
  });

  it("does not stop its pipeline when a version of before retried it without its batch", async () => {
    const runId = await notReady();
    later(181);
    await sweep();
    await fixture.ledger.runs.change(runId, () => ({ state: "requested", attempt: 2, endedAt: null }));
    await fixture.ledger.retakes.add("scoring", { runId, attempt: 2, retakes: 0, dueAt: "2015-01-01T00:00:00.000Z" });
    await batch.close(runId, "failed", 2);
    later(1);

    await batch.deliver("telemetry/2015-11-16.csv");
    const next = await fixture.openRun();
    expect(await batch.make(next)).toEqual(["telemetry/2015-11-16.csv"]);
  });
});

describe("a message that nobody took", () => {
  it("goes by age", async () => {
    const body = { kind: "scheduleMissed", pipeline: "scoring", occurrence: "o", runId: "r" } as const;
    await fixture.ledger.outbox.add("scoring", "m", body);
    const [message] = await fixture.ledger.outbox.waiting("scoring", 1);
    if (message) await fixture.ledger.outbox.failed("scoring", { ...message, tries: 29 }, "away");
    later(89);
    await sweep();
    expect(await fixture.ledger.outbox.undelivered("scoring", 5)).toHaveLength(1);

    later(2);
    expect((await plan()).messages).toBe(1);
    await sweep();
    expect(await fixture.ledger.outbox.undelivered("scoring", 5)).toEqual([]);
  });
});
