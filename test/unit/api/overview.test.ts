import { createOverview } from "../../../src/api/overview/overview";
import { RunsApi, idOf } from "../../support/runs-api";

const api = new RunsApi();

const overview = () =>
  createOverview({
    runs: api.test.runs,
    undelivered: async (pipeline) => api.test.ledger.quarantine.undelivered(pipeline),
    pipelines: api.test.pipelines,
    now: () => new Date(api.test.clock.now()),
  });

describe("the overview", () => {
  it("shows what runs and what waits", async () => {
    const runId = idOf(await api.start());
    const seen = { pipeline: "scoring", container: "drops", path: "a/b.csv", source: "a", etag: "1", size: 1 };
    await api.test.ledger.drops.record({ ...seen, lastModified: "2026-01-01T00:00:00.000Z" });

    const shown = await overview()();

    expect(shown.open).toMatchObject([{ runId, pipeline: "scoring", state: "requested", step: null }]);
    expect(shown.pipelines).toMatchObject([{ name: "scoring", pendingDrops: 1, morePending: false }, { name: "training" }]); // prettier-ignore
    expect(shown.needs).toEqual([]);
  });

  it("names a failed run until a later one did its work", async () => {
    const read = overview();
    const failed = idOf(await api.start());
    await api.end(failed, "failed");

    expect((await read()).needs).toMatchObject([{ kind: "failed", runId: failed, detail: "ValueError: bad" }]);

    api.test.clock.advance(1000);
    await api.end(idOf(await api.start({ body: { rerun: true } })), "succeeded");

    expect((await read()).needs).toEqual([]);
  });

  it("keeps a failed run that holds a batch, whatever came later", async () => {
    const failed = idOf(await api.start());
    const batch = { drops: 2, bytes: 2, superseded: 0, vanished: 0, quarantined: 0 };
    await api.test.ledger.runs.change(failed, () => ({ batch }));
    await api.end(failed, "failed");
    api.test.clock.advance(1000);
    await api.end(idOf(await api.start({ body: { rerun: true } })), "succeeded");

    expect((await overview()()).needs).toMatchObject([{ runId: failed, title: "scoring stopped in ingestion" }]);
  });

  it("no longer names a failed run whose batch retention took: nobody can retry it", async () => {
    const failed = idOf(await api.start());
    const batch = { drops: 2, bytes: 2, superseded: 0, vanished: 0, quarantined: 0 };
    await api.end(failed, "failed");
    await api.test.ledger.runs.change(failed, () => ({ batch, retiredAt: "2026-11-30T00:00:00.000Z" }));

    expect((await overview()()).needs).toEqual([]);
  });

  it("names drops in quarantine, and pending ones whose definition is gone", async () => {
    const seen = { container: "drops", source: "a", etag: "1", size: 1, lastModified: "2026-01-01T00:00:00.000Z" };
    await api.test.ledger.drops.quarantine({ ...seen, pipeline: "scoring", path: "a/bad.csv" }, "it grew");
    await api.test.ledger.registry.register("gone", "group");
    await api.test.ledger.drops.record({ ...seen, pipeline: "gone", path: "a/left.csv" });

    expect((await overview()()).needs).toMatchObject([
      { kind: "quarantined", pipeline: "scoring", title: "a/bad.csv", detail: "it grew" },
      { kind: "orphaned", pipeline: "gone" },
    ]);
  });
});
