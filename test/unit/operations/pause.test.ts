import type { Timer } from "@azure/functions";
import { createInspectPending } from "../../../src/activities/inspect-pending";
import { createRequestBatch } from "../../../src/activities/request-batch";
import { createScheduledRun } from "../../../src/functions/scheduled-run";
import { pausePipeline, pipelineStanding, resumePipeline } from "../../../src/operations/pause";
import { whyBlob } from "../../../src/runs/why";
import { sweepPendingDrops } from "../../../src/sweeps/drops";
import { sweepSchedules } from "../../../src/sweeps/schedules";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { startAzurite } from "../../support/azurite";

const DAY_MS = 86_400_000;
const NIGHTLY = { expression: "0 30 6 * * *", timeZone: "UTC" };

let storage: Awaited<ReturnType<typeof startAzurite>>;
let fixture: ActivityFixture;

beforeAll(async () => {
  storage = await startAzurite();
}, 60_000);

afterAll(async () => {
  await storage.stop();
});

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
});

const deps = () => ({ activities: fixture.activities, definitions: fixture.pipelines });
const ada = (reason: string) => ({ by: "ada@example.org", reason, ...fixture.context });
const runs = async () => (await fixture.activities.requests.listRuns({})).items;

async function seeDrop(day: string): Promise<void> {
  const path = `telemetry/${day}.csv`;
  const drop = { container: fixture.container, path, etag: day, size: 1, source: "telemetry", pipeline: "scoring" };
  await fixture.ledger.drops.record({ ...drop, lastModified: fixture.ledger.now().toISOString() });
}

function timer(): Promise<void> {
  const { requests } = fixture.activities;
  const { states, now } = fixture.ledger;
  const fire = createScheduledRun("scoring", NIGHTLY, { requests, states, now, starterFor: () => fixture.starter });
  const log = () => undefined;
  return fire({ isPastDue: false } as Timer, { log, info: log, warn: log, error: log, debug: log } as never);
}

describe("a paused pipeline", () => {
  beforeEach(async () => {
    await sweepSchedules(fixture.pass);
    await pausePipeline(deps(), "scoring", ada("the plant is being rebuilt"));
    fixture.clock.advance(3 * DAY_MS);
    await seeDrop("2015-11-16");
    await seeDrop("2015-11-17");
  });

  it("starts nothing by itself, whoever would", async () => {
    await timer();
    await sweepSchedules(fixture.pass);
    await sweepPendingDrops(fixture.pass);
    const inspect = createInspectPending(fixture.activities, fixture.pipelines);
    const pending = await inspect({ pipeline: "scoring" }, fixture.context);
    const asked = await createRequestBatch(fixture.activities)({ pipeline: "scoring", alias: "a" }, fixture.context);

    expect(pending).toMatchObject({ count: 0, retakeDue: false });
    expect(asked).toEqual({ runId: null });
    expect(fixture.starter.started).toEqual([]);
    expect(await runs()).toEqual([]);
  });

  it("tells who paused it, when and why, and counts what waits", async () => {
    const standing = await pipelineStanding(deps(), "scoring");

    expect(standing).toMatchObject({
      pause: { by: "ada@example.org", reason: "the plant is being rebuilt" },
      nextRunAt: null,
      waiting: { drops: 2, occurrences: 3, retakes: 0, runs: 0 },
    });
  });

  it("tells the reader of a drop's story since when it is paused and why, but not who paused it", async () => {
    const { ledger, pipelines: definitions } = fixture;
    const story = JSON.stringify(await whyBlob({ ledger, definitions }, "telemetry/2015-11-16.csv"));

    expect(story).toMatch(/the pipeline was paused at 20[^(]+\(the plant is being rebuilt\)/);
    expect(story).not.toContain("ada");
  });

  it("keeps its first pause, and its note, when it is paused again", async () => {
    await pausePipeline(deps(), "scoring", ada("me too"));

    expect((await pipelineStanding(deps(), "scoring")).pause?.reason).toBe("the plant is being rebuilt");
    expect(await fixture.ledger.actions.list("scoring", 10)).toMatchObject([
      { action: "pause", by: "ada@example.org" },
    ]);
  });

  it("still runs what a person asks for", async () => {
    const { run } = await fixture.activities.requests.requestRun(
      { pipeline: "scoring", reason: "http", alias: "by hand" },
      fixture.starter,
    );

    expect(fixture.starter.started).toEqual([`${run.runId}-a1`]);
  });

  it("collects at once after its end, and one run covers the occurrences that nobody missed", async () => {
    await resumePipeline(deps(), "scoring", ada("done"));
    expect(fixture.starter.started).toEqual(["collector-scoring"]);
    fixture.clock.advance(180_000);

    await sweepSchedules(fixture.pass);

    expect(await runs()).toMatchObject([{ reason: "schedule" }]);
    expect(await fixture.ledger.outbox.waiting("scoring", 10)).toEqual([]);
    expect(fixture.log.filter((line) => line.includes("schedule occurrence of a pause"))).toHaveLength(3);
    expect((await fixture.ledger.actions.list("scoring", 10)).map(({ action }) => action)).toEqual(["resume", "pause"]);
  });

  it("still tells of an occurrence that was missed after its end", async () => {
    await resumePipeline(deps(), "scoring", ada("done"));
    fixture.clock.advance(DAY_MS);

    await sweepSchedules(fixture.pass);

    expect((await fixture.ledger.outbox.waiting("scoring", 10)).map(({ body }) => body.kind)).toEqual([
      "scheduleMissed",
    ]);
  });
});

it("a pipeline without a definition cannot be paused", async () => {
  await expect(pausePipeline(deps(), "nobody", ada("x"))).rejects.toThrow(/unknown pipeline "nobody"; known: scoring/);
});

it("the timer of a pipeline that is not paused asks for its occurrence", async () => {
  await timer();

  expect(await runs()).toMatchObject([{ reason: "schedule" }]);
});
