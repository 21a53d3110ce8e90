import type { Notifier } from "../../../src/runs/deps";
import { publishRun } from "../../../src/runs/publish-run";
import { sweepMessages } from "../../../src/sweeps/messages";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";

const storage = useAzurite();
let fixture: ActivityFixture;
let deaf = false;

beforeEach(async () => {
  deaf = false;
  fixture = await createActivityFixture(storage.connectionString);
  const listening = { ...fixture.activities.notifier };
  const notify: Notifier["notify"] = async (...told) => {
    if (deaf) throw new Error("the receiver answered 500");
    await listening.notify(...told);
  };
  Object.assign(fixture.activities.notifier, { notify });
});

const fail = async (): Promise<string> => {
  const runId = await fixture.openRun();
  const error = { code: "CODE", message: "it broke", step: "scoring" };
  await fixture.ledger.runs.change(runId, () => ({ state: "failed", error, endedAt: "2026-01-01T00:00:00.000Z" }));
  return runId;
};
const told = (): string[] => fixture.notified.map(({ id }) => id);
const sweep = async (): Promise<void> => sweepMessages(fixture.pass);
const record = async (runId: string) =>
  fixture.ledger.blobs.readText(fixture.ledger.containers.results, `${runId}/run.json`);

describe("the message of a run's end", () => {
  beforeEach(async () => {
    await fixture.ledger.registry.register("scoring", "group");
  });

  it("is told by the sweeper, with the record, when the run closed and nothing happened after that", async () => {
    const runId = await fail();

    await sweep();
    await sweep();

    expect(told()).toEqual([`${runId}-a1`]);
    expect(fixture.notified[0]).toMatchObject({ kind: "runEnded", runId, state: "failed", error: { code: "CODE" } });
    expect(JSON.parse((await record(runId)) ?? "{}")).toMatchObject({ runId, state: "failed" });
  });

  it("is told for every attempt, also for one that a person reopened before it was told", async () => {
    const runId = await fail();
    await fixture.activities.requests.retryRun(runId, fixture.starter);
    await fixture.ledger.runs.change(runId, () => ({ state: "succeeded" }));

    await sweep();

    expect(told().sort()).toEqual([`${runId}-a1`, `${runId}-a2`]);
  });

  it("waits with growing delays for a receiver that is away, and is then told once", async () => {
    deaf = true;
    const runId = await fail();
    await publishRun(fixture.activities, { runId, attempt: 1 }, fixture.context);
    const [waiting] = await fixture.ledger.outbox.waiting("scoring", 10);
    expect(waiting).toMatchObject({ tries: 1, lastFault: "the receiver answered 500" });
    await sweep();
    expect((await fixture.ledger.outbox.waiting("scoring", 10))[0]?.tries).toBe(1);

    fixture.clock.advance(61_000);
    deaf = false;
    await sweep();

    expect(told()).toEqual([`${runId}-a1`]);
    expect(await fixture.ledger.outbox.waiting("scoring", 10)).toEqual([]);
  });

  it("is shown as undelivered when nobody took it for a day, and holds up no other", async () => {
    deaf = true;
    const runId = await fail();
    for (let tries = 0; tries < 40; tries += 1) {
      await sweep();
      fixture.clock.advance(3_600_000);
    }
    deaf = false;
    const later = await fail();
    await sweep();

    expect(await fixture.ledger.outbox.undelivered("scoring", 10)).toMatchObject([{ id: `${runId}-a1`, tries: 30 }]);
    expect(told()).toEqual([`${later}-a1`]);
  });

  it("leaves the caller's key, the caller and the tokens out of the record", async () => {
    const { run } = await fixture.activities.requests.requestRun(
      { pipeline: "scoring", reason: "http", alias: "canary-key", requestedBy: "canary@example.org" },
      fixture.starter,
    );
    await fixture.ledger.generations.intend({
      runId: run.runId,
      attempt: 1,
      ordinal: 0,
      generation: 0,
      step: "ingestion",
      job: "job",
      idempotencyToken: "canary-token",
      intendedAt: "2026-01-01T00:00:00.000Z",
    });
    await fixture.ledger.runs.change(run.runId, () => ({ state: "failed" }));

    await sweep();

    const text = await record(run.runId);
    expect(text).toContain("ingestion");
    expect(text).not.toContain("canary");
  });
});
