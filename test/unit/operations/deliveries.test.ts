import type { z } from "zod";
import { createInspectPending } from "../../../src/activities/inspect-pending";
import type { PendingResult } from "../../../src/domain/activity-types";
import { missingOf } from "../../../src/domain/delivery";
import { pipelineDefinitionSchema } from "../../../src/domain/pipeline-definition";
import { recordBlob } from "../../../src/ledger/drops/record-blob";
import { why } from "../../../src/runs/why";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";
import { aPipeline } from "../../support/ledger";

const storage = useAzurite();
type Rules = NonNullable<NonNullable<z.input<typeof pipelineDefinitionSchema>["drops"]>["deliveries"]>;

const PATTERN = "^(?<source>telemetry|errors)/(?<delivery>[0-9-]+)/[^/]+\\.csv$";
const part = (name: string, day = "2015-11-15") => `telemetry/${day}/${name}.csv`;
let fixture: ActivityFixture;
let batch: BatchDriver;

async function open(deliveries: Rules): Promise<void> {
  fixture = await createActivityFixture(storage.connectionString, undefined, {
    drops: { pathPattern: PATTERN, deliveries },
  });
  batch = new BatchDriver(fixture);
  await fixture.ledger.registry.register("scoring", "group");
}

const look = async (dropsPerPage?: number): Promise<PendingResult> =>
  createInspectPending(fixture.activities, fixture.pipelines, dropsPerPage)({ pipeline: "scoring" }, fixture.context);
const nextBatch = async (): Promise<string[]> => batch.make(await fixture.openRun({ rerun: true }));

describe("a delivery that is still on its way", () => {
  it("is waited for, while others go on, and is taken whole", async () => {
    await open({ telemetry: { count: 2, waitSeconds: 600 } });
    await batch.deliver(part("north"));
    expect(await look()).toMatchObject({ count: 0, lookAgainSeconds: 30 });

    await batch.deliver("errors/2015-11-15/all.csv");
    expect(await look()).toMatchObject({ count: 1 });
    expect(await nextBatch()).toEqual(["errors/2015-11-15/all.csv"]);

    await batch.deliver(part("south"));
    expect(await look()).toMatchObject({ count: 2, lookAgainSeconds: null });
    expect(await nextBatch()).toEqual([part("north"), part("south")]);
  });

  it("is taken as it is after its limit, and the run says so; a file that comes later is no new wait", async () => {
    await open({ telemetry: { count: 3, waitSeconds: 600 } });
    await batch.deliver(part("north"));
    fixture.clock.advance(590_000);
    expect(await look()).toMatchObject({ count: 0, lookAgainSeconds: 10 });

    fixture.clock.advance(11_000);
    const runId = await fixture.openRun();
    expect(await batch.make(runId)).toEqual([part("north")]);
    const note = "delivery telemetry/2015-11-15 was taken incomplete: 1 of 3 files";
    expect((await fixture.ledger.runs.get(runId))?.notes).toEqual([note]);
    const story = await why({ ledger: fixture.ledger, definitions: fixture.pipelines }, runId);
    expect(story?.sentences.map(({ text }) => text)).toContain(`D${note.slice(1)}.`);

    await batch.close(runId);
    await batch.deliver(part("south"));
    expect(await look()).toMatchObject({ count: 1 });
  });

  it("is whole when its marker is there, which is no drop", async () => {
    await open({ telemetry: { marker: "{source}/{delivery}/_SUCCESS", waitSeconds: 600 } });
    await batch.deliver(part("north"));
    expect(await look()).toMatchObject({ count: 0 });

    await fixture.put("telemetry/2015-11-15/_SUCCESS", "ok");

    expect(await look()).toMatchObject({ count: 1 });
    expect(await nextBatch()).toEqual([part("north")]);
  });

  it("does not hold up drops behind it, however many files of it wait", async () => {
    await open({ telemetry: { count: 1000, waitSeconds: 600 } });
    for (let index = 0; index < 5; index += 1) await batch.deliver(part(`n${index}`));
    await batch.deliver("errors/2015-11-15/all.csv");
    const runId = await fixture.openRun();
    const { ledger } = fixture;

    // Pages of two: the first two hold nothing that may be claimed.
    const page = await ledger.batches.claim("scoring", runId, 2, { files: 9, bytes: Infinity }, async (drop) =>
      Promise.resolve(drop.source === "errors"),
    );

    expect(page.claimed.map(({ drop }) => drop.path)).toEqual(["errors/2015-11-15/all.csv"]);
  });

  it("does not hide drops behind it, however many files of it wait", async () => {
    await open({ telemetry: { count: 1000, waitSeconds: 600 } });
    for (let index = 0; index < 4; index += 1) await batch.deliver(part(`n${index}`));
    expect(await look(2)).toMatchObject({ count: 0, lookAgainSeconds: 30 });
    await batch.deliver("errors/2015-11-15/all.csv");

    // The first two pages hold none that is free.
    expect(await look(2)).toMatchObject({ count: 1, lookAgainSeconds: 30 });
  });

  it("has its note cut, however long its names are, and a run has room for all it keeps", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `${"n".repeat(190)}${index}.csv`);
    await open({ telemetry: { names, waitSeconds: 600 } });
    const days = Array.from({ length: 55 }, (_, index) => `${"1".repeat(100)}${index}`);
    for (const day of days) await batch.deliver(part("north", day));
    fixture.clock.advance(601_000);
    const runId = await fixture.openRun();

    await batch.claim(runId);

    const notes = (await fixture.ledger.runs.get(runId))?.notes ?? [];
    expect(notes).toHaveLength(50);
    expect(notes.every((note) => note.length <= 300)).toBe(true);
  });

  it("is told of by why", async () => {
    await open({ telemetry: { names: ["north.csv", "south.csv"], waitSeconds: 600 } });
    await batch.deliver(part("north"));

    const story = await why({ ledger: fixture.ledger, definitions: fixture.pipelines }, part("north"));

    expect(story?.sentences.map(({ text }) => text).join()).toContain(
      "It waits for the rest of its delivery, which is without south.csv, until ",
    );
  });
});

describe("a delivery with files that were pending before its rule", () => {
  /** Records a blob while its pipeline has no rule yet, so that it is not noted as part of a delivery. */
  async function deliverBefore(path: string): Promise<void> {
    const { ledger, pipelines, container } = fixture;
    const scoring = pipelines.get("scoring");
    if (scoring?.drops === undefined) throw new Error("the fixture's pipeline has drops");
    const { deliveries: _, ...drops } = scoring.drops;
    await fixture.put(path, path);
    await recordBlob({ ...ledger, definitions: new Map([["scoring", { ...scoring, drops }]]) }, container, path);
  }

  it("counts them", async () => {
    await open({ telemetry: { count: 2, waitSeconds: 600 } });
    await deliverBefore(part("north"));
    expect(await look()).toMatchObject({ count: 0, lookAgainSeconds: 30 });

    await batch.deliver(part("south"));

    expect(await look()).toMatchObject({ count: 2, lookAgainSeconds: null });
  });

  it("has its limit from when the first of them was seen", async () => {
    await open({ telemetry: { count: 3, waitSeconds: 600 } });
    await deliverBefore(part("north"));
    fixture.clock.advance(590_000);
    expect(await look()).toMatchObject({ count: 0, lookAgainSeconds: 10 });

    fixture.clock.advance(11_000);

    expect(await look()).toMatchObject({ count: 1, lookAgainSeconds: null });
  });

  it("is not called incomplete by the run that finds all of them", async () => {
    await open({ telemetry: { count: 2, waitSeconds: 600 } });
    await deliverBefore(part("north"));
    await deliverBefore(part("south"));
    fixture.clock.advance(601_000);
    const runId = await fixture.openRun();

    expect(await batch.make(runId)).toEqual([part("north"), part("south")]);

    expect((await fixture.ledger.runs.get(runId))?.notes).toBeUndefined();
  });
});

describe("a rule of completeness", () => {
  it("says what is missing", () => {
    const rule = { count: 2, names: ["a.csv"], marker: "m", waitSeconds: 1 };
    const arrived = { paths: ["x/a.csv", "x/b.csv"], firstSeenAt: "2020-01-01T00:00:00Z", marked: false };
    expect(missingOf(rule, { ...arrived, paths: ["x/a.csv"] })).toBe("1 of 2 files");
    expect(missingOf(rule, { ...arrived, paths: ["x/c.csv", "x/b.csv"] })).toBe("without a.csv");
    const names = ["a.csv", "1", "2", "3", "4", "5"];
    expect(missingOf({ ...rule, names }, arrived)).toBe("without 1, 2, 3, 4, 5");
    expect(missingOf({ ...rule, names: [...names, "6", "7"] }, arrived)).toBe("without 1, 2, 3, 4, 5 and 2 more");
    expect(missingOf(rule, arrived)).toBe("without its marker file");
    expect(missingOf(rule, { ...arrived, marked: true })).toBeNull();
  });

  it("needs a rule, and a delivery in the path pattern", () => {
    const drops = { container: "drops", quietPeriodSeconds: 1, maxWaitSeconds: 1 };
    const faults = (pathPattern: string, rule: object) => {
      const definition = { ...aPipeline("scoring"), drops: { ...drops, pathPattern, deliveries: { telemetry: rule } } };
      return pipelineDefinitionSchema.safeParse(definition).error?.issues.map(({ message }) => message) ?? [];
    };
    expect(faults("^(?<source>t)/", { count: 1 }).join()).toContain("needs a named group (?<delivery>…)");
    expect(faults(PATTERN, {}).join()).toContain("expected count, names or marker");
    expect(faults(PATTERN, { count: 1 })).toEqual([]);
  });
});
