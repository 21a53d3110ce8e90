import { setTimeout as pause } from "node:timers/promises";
import type { Manifest } from "../../src/domain/manifest";
import { last, MetersStack, PIPELINE } from "../support/meters";

jest.setTimeout(240_000);

describe("requests of a second scenario", () => {
  let meters: MetersStack;
  beforeAll(async () => {
    meters = await MetersStack.start();
  });
  afterAll(async () => meters.stop());

  it("runs dropped files through all steps, without a change in src", async () => {
    const run = await meters.runAfter(async () => meters.drop("first", [1, 2, 3]));

    expect(run).toMatchObject({ state: "succeeded", reason: "drops", batch: { drops: 1 } });
    expect(last(run, "count").counts).toMatchObject({ filesListed: 1, rowsRead: 3 });
    expect(JSON.parse(await meters.read("results", `${run.id}/ranked.json`))).toHaveLength(3);
    expect(meters.log()).toMatch(/databricks notification.*"ours":true/);
  });

  it("collects drops that arrive together into one batch", async () => {
    const run = await meters.runAfter(async () =>
      Promise.all([meters.drop("b1", [1]), meters.drop("b2", [2]), meters.drop("b3", [3])]),
    );

    expect(run.batch.drops).toBe(3);
    expect(await meters.databricksRunsOf(run.id)).toHaveLength(3);
  });

  it("answers a repeated request with the same run, also after its end; rerun makes a new one", async () => {
    const body = { window: { start: "2015-11-01T06:00:00Z", end: "2015-11-02T06:00:00Z" } };
    const first = await meters.end((await meters.api.startRun(PIPELINE, body, "key-repeat")).id);

    const again = await meters.api.startRun(PIPELINE, body, "key-repeat");
    const rerun = await meters.api.startRun(PIPELINE, { ...body, rerun: true }, "key-rerun");

    expect(again).toMatchObject({ id: first.id, endedAt: first.endedAt });
    expect(rerun.id).not.toBe(first.id);
    expect((await meters.end(rerun.id)).state).toBe(first.state);
    expect(await meters.databricksRunsOf(first.id)).toHaveLength(3);
  });

  it("makes one run of two requests for one window", async () => {
    const body = { window: { start: "2015-12-01T06:00:00Z", end: "2015-12-02T06:00:00Z" } };

    const [one, other] = await Promise.all([
      meters.api.startRun(PIPELINE, body, "key-one"),
      meters.api.startRun(PIPELINE, body, "key-two"),
    ]);

    expect(one.id).toBe(other.id);
    await meters.end(one.id);
    expect(await meters.databricksRunsOf(one.id)).toHaveLength(3);
  });

  it("keeps a drop that arrives during a run for the next batch", async () => {
    const known = await meters.api.listRunIds(PIPELINE);
    const body = {
      window: { start: "2016-01-01T06:00:00Z", end: "2016-01-02T06:00:00Z" },
      parameters: { behaviour: "sleep:total:6" },
    };
    const slow = await meters.api.startRun(PIPELINE, body, "key-slow");
    await meters.stepStarted(slow.id, "total");

    await meters.drop("late", [9, 9]);
    known.add(slow.id);
    const next = await meters.api.nextRun(PIPELINE, known, 30_000);
    const queued = await meters.api.getRun(next);

    expect(["requested", "queued"]).toContain(queued.state);
    expect((await meters.end(slow.id)).batch.drops).toBe(0);
    const run = await meters.end(next);
    expect(run).toMatchObject({ state: "succeeded", batch: { drops: 1 } });
    expect(last(run, "count").counts).toMatchObject({ rowsRead: 2 });
  });

  it("takes the later bytes of a file that was overwritten before the freeze, and both of one overwritten after it", async () => {
    const before = await meters.runAfter(async () => {
      await meters.drop("over", [1]);
      await pause(300);
      await meters.drop("over", [1, 2]);
    });
    const after = await meters.runAfter(async () => meters.drop("over", [1, 2, 3]));

    expect(last(before, "count").counts).toMatchObject({ filesListed: 1, rowsRead: 2 });
    expect(last(after, "count").counts).toMatchObject({ filesListed: 1, rowsRead: 3 });
    const states = (await meters.api.listDrops(PIPELINE, { path: "readings/over.csv" }))
      .map((drop) => drop.state)
      .sort();
    expect(states.filter((state) => state === "batched")).toHaveLength(2);
    expect(states.every((state) => state === "batched" || state === "superseded")).toBe(true);
    const manifest = JSON.parse(await meters.read("batches", `${before.id}/manifest.json`)) as Manifest;
    const frozen = manifest.files[0]?.frozenPath.replace(/^batches\//, "") ?? "";
    expect(await meters.read("batches", frozen)).toContain("1,2");
  });

  it("takes an empty file as a drop like any other", async () => {
    const run = await meters.runAfter(async () => meters.drop("empty", []));

    expect(last(run, "count").counts).toMatchObject({ filesListed: 1, rowsRead: 0 });
    expect(run.state).toBe("succeeded");
  });

  it("ends the nightly timer with nothing to do when nothing is pending, without a Databricks run", async () => {
    const run = await meters.runAfter(async () =>
      fetch(`${meters.stack.functions.url}/admin/functions/scheduledRun-${PIPELINE}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ input: "" }),
      }),
    );

    expect(run).toMatchObject({ state: "nothing_to_do", reason: "schedule" });
    expect(await meters.databricksRunsOf(run.id)).toHaveLength(0);
  });
});
