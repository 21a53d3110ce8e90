import { sweepClaims, sweepPendingDrops } from "../../../src/sweeps/drops";
import { createWriteManifest } from "../../../src/activities/write-manifest";
import { createInspectPending } from "../../../src/activities/inspect-pending";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";

const storage = useAzurite();
let fixture: ActivityFixture;
let driver: BatchDriver;

const AFTER_SECONDS = 3600;
const PATHS = ["telemetry/a.csv", "telemetry/b.csv"];

beforeEach(async () => {
  const drops = { retakeAfterSeconds: AFTER_SECONDS, maxRetakes: 2 };
  fixture = await createActivityFixture(storage.connectionString, undefined, { drops });
  driver = new BatchDriver(fixture);
});

const pass = (seconds: number): void => fixture.clock.advance(seconds * 1000);
const record = async (runId: string) => fixture.ledger.runs.get(runId);
const retry = async (runId: string) => fixture.activities.requests.retryRun(runId, fixture.starter);
const inspect = async () =>
  createInspectPending(fixture.activities, fixture.pipelines)({ pipeline: "scoring" }, fixture.context);

/** A run whose batch is frozen and that failed; its sources are overwritten afterwards. */
async function failedRun(state: "failed" | "cancelled" = "failed"): Promise<string> {
  for (const path of PATHS) await driver.deliver(path, `frozen ${path}`);
  const run = await fixture.openRun();
  expect(await driver.make(run)).toEqual(PATHS);
  await driver.close(run, state);
  for (const path of PATHS) await fixture.put(path, "overwritten");
  return run;
}

describe("the batch of a failed run", () => {
  it.each(["failed", "cancelled"] as const)("is taken over by a later run, with the same bytes (%s)", async (state) => {
    const failed = await failedRun(state);
    pass(AFTER_SECONDS + 1);
    const later = await fixture.openRun();

    expect(await driver.make(later)).toEqual(PATHS);

    expect((await fixture.manifestFiles(later)).map(({ frozenPath }) => frozenPath)).toEqual(
      (await fixture.manifestFiles(failed)).map(({ frozenPath }) => frozenPath),
    );
    for (const path of PATHS) expect(await fixture.frozenText(later, path)).toBe(`frozen ${path}`);
    expect(await record(failed)).toMatchObject({ supersededBy: later, state });
    expect(await record(later)).toMatchObject({ retakeOf: failed, retakes: 1, batch: { drops: 2 } });
    for (const drop of await driver.drops()) {
      expect(drop).toMatchObject({ state: "batched", runId: later });
      expect(drop.reason).toBe(
        `in the batch of ${later}, which took it over from ${failed} with the same frozen bytes`,
      );
    }
  });

  it("stays for a person's retry until its time has come", async () => {
    const failed = await failedRun();
    pass(AFTER_SECONDS - 60);

    expect(await driver.make(await fixture.openRun())).toEqual([]);

    expect((await retry(failed)).run).toMatchObject({ attempt: 2, state: "requested" });
    pass(3600);
    expect(await driver.make(await fixture.openRun())).toEqual([]);
  });

  it("can no longer be retried when a run took it over", async () => {
    const failed = await failedRun();
    pass(AFTER_SECONDS + 1);
    const later = await fixture.openRun();
    await driver.claim(later);

    await expect(retry(failed)).rejects.toThrow(`run ${failed} is superseded by ${later}`);
  });

  it("goes to exactly one of a retry and a later run that come at once", async () => {
    const failed = await failedRun();
    pass(AFTER_SECONDS + 1);
    const later = await fixture.openRun();

    const [retried] = await Promise.allSettled([retry(failed), driver.make(later)]);

    const run = await record(failed);
    const isTaken = run?.supersededBy === later;
    expect(isTaken).toBe(retried.status === "rejected");
    expect(run?.attempt).toBe(isTaken ? 1 : 2);
    expect(await fixture.manifestPaths(later)).toEqual(isTaken ? PATHS : []);
  });

  it("goes to one of two runs, whole, when twins of the activities run at once", async () => {
    await failedRun();
    pass(AFTER_SECONDS + 1);
    const later = await fixture.openRun();

    await Promise.all([driver.make(later), driver.make(later)]);
    await driver.close(later);

    expect(await fixture.manifestPaths(later)).toEqual(PATHS);
    expect(await driver.make(await fixture.openRun())).toEqual([]);
  });

  it("is not mixed with new drops, which the run after takes", async () => {
    await failedRun();
    pass(AFTER_SECONDS + 1);
    await driver.deliver("telemetry/new.csv", "new");
    const later = await fixture.openRun();

    expect(await driver.make(later)).toEqual(PATHS);
    await driver.close(later, "failed");

    expect(await driver.make(await fixture.openRun())).toEqual(["telemetry/new.csv"]);
  });

  it("is taken over again later each time, and then left to a person", async () => {
    await failedRun();
    const retakes: string[] = [];
    for (const seconds of [1, 2]) {
      pass(AFTER_SECONDS * seconds - 60);
      expect(await driver.make(await fixture.openRun())).toEqual([]);
      pass(120);
      const later = await fixture.openRun();
      expect(await driver.make(later)).toEqual(PATHS);
      await driver.close(later, "failed");
      retakes.push(later);
    }
    pass(AFTER_SECONDS * 1000);

    expect(await driver.make(await fixture.openRun())).toEqual([]);
    expect(fixture.log.join("\n")).toContain("batch failed too often, a person has to look");
    expect((await retry(retakes.at(-1) ?? "")).created).toBe(true);
  }, 60_000);

  it("is free again when the run that took it over closes before its own freeze", async () => {
    const failed = await failedRun();
    pass(AFTER_SECONDS + 1);
    const later = await fixture.openRun();
    await driver.claim(later);
    await driver.close(later, "cancelled");

    expect(await record(failed)).toMatchObject({ supersededBy: null });
    expect(await driver.make(await fixture.openRun())).toEqual(PATHS);
  });

  it("is free again although the host was killed between the two rows of the take-over", async () => {
    const failed = await failedRun();
    pass(AFTER_SECONDS + 1);
    const later = await fixture.openRun();
    await fixture.ledger.runs.change(failed, () => ({ supersededBy: later }));
    await fixture.ledger.runs.change(later, () => ({ state: "cancelled", endedAt: "2026-01-02T00:00:00.000Z" }));

    expect(await driver.make(await fixture.openRun())).toEqual(PATHS);
  });

  it("is asked for by the collector when its time has come, though no drop arrives", async () => {
    await failedRun();
    expect(await inspect()).toMatchObject({ count: 0, retakeDue: false });
    pass(AFTER_SECONDS + 1);
    fixture.starter.started.length = 0;

    await sweepPendingDrops(fixture.pass);

    expect(fixture.starter.started).toEqual(["collector-scoring"]);
    expect(await inspect()).toMatchObject({ count: 0, retakeDue: true, covered: false });
    const later = await fixture.openRun();
    expect(await inspect()).toMatchObject({ retakeDue: true, covered: true });
    await driver.make(later);
    expect(await inspect()).toMatchObject({ retakeDue: false });
  });

  it("of a run that succeeded is never taken over", async () => {
    for (const path of PATHS) await driver.deliver(path);
    const run = await fixture.openRun();
    await driver.make(run);
    await driver.close(run, "failed");
    await retry(run);
    await driver.close(run, "succeeded", 2);
    pass(AFTER_SECONDS * 100);

    expect(await driver.make(await fixture.openRun())).toEqual([]);
    expect(await inspect()).toMatchObject({ retakeDue: false });
  });
});

describe("the freeze and the close of one run", () => {
  async function frozenDrops(): Promise<string> {
    for (const path of PATHS) await driver.deliver(path);
    const run = await fixture.openRun();
    await driver.claim(run);
    await driver.freezePage(run);
    return run;
  }

  it("put a drop into one batch when the freeze is decided first and its orchestration dies before the manifest", async () => {
    const run = await frozenDrops();
    const stored = await fixture.ledger.runs.find(run);
    if (!stored) throw new Error("no run");
    const manifest = {
      ...{ manifestVersion: 1 as const, runId: run, pipeline: "scoring", createdAt: "2026-01-01T00:00:01.000Z" },
      ...{ reason: "drops" as const, window: null },
      files: (await fixture.ledger.batches.entries(run, "frozen")).map(({ drop, frozenPath }) => {
        const { path, source, etag, size, lastModified } = drop;
        return { path, source, etag, size, lastModified, frozenPath };
      }),
    };
    const manifestDraft = await fixture.ledger.manifests.draft(manifest);
    const batch = { drops: 2, bytes: 30, superseded: 0, vanished: 0, quarantined: 0 };
    await fixture.ledger.runs.change(run, () => ({ frozenAt: manifest.createdAt, manifestDraft, batch }));

    await driver.close(run, "failed");

    expect((await fixture.manifestPaths(run)).sort()).toEqual(PATHS);
    expect(Object.values(await driver.states())).toEqual(["batched", "batched"]);
    expect(await driver.make(await fixture.openRun())).toEqual([]);
  });

  it("put a drop into one batch when the close comes first: the freeze that follows decides nothing", async () => {
    const run = await frozenDrops();
    await driver.close(run, "failed");

    expect(await driver.decide(run)).toBe("empty");

    expect(await fixture.manifestPaths(run)).toEqual([]);
    expect(Object.values(await driver.states())).toEqual(["pending", "pending"]);
    expect(await driver.make(await fixture.openRun())).toEqual(PATHS);
  });

  it("put a drop into one batch when the freeze is decided between the look of the close and its row", async () => {
    const run = await frozenDrops();
    const { runs } = fixture.ledger;
    const change = runs.change.bind(runs);
    jest.spyOn(runs, "change").mockImplementationOnce(async (...given) => {
      expect(await driver.decide(run)).toBe("written");
      return change(...given);
    });

    await driver.close(run, "failed");

    expect(await fixture.manifestPaths(run)).toEqual(PATHS);
    expect(Object.values(await driver.states())).toEqual(["batched", "batched"]);
    expect(await driver.make(await fixture.openRun())).toEqual([]);
    fixture.clock.advance((AFTER_SECONDS + 1) * 1000);
    expect(await driver.make(await fixture.openRun())).toEqual(PATHS);
  });

  it("put every drop into exactly one batch, whichever is faster", async () => {
    for (let round = 0; round < 3; round += 1) {
      const run = await frozenDrops();
      await Promise.all([driver.decide(run), driver.close(run, "failed"), driver.decide(run)]);
      await sweepClaims(fixture.pass);
      const later = await fixture.openRun();
      const listed = [...(await fixture.manifestPaths(run)), ...(await driver.make(later))];

      expect(listed.sort()).toEqual(PATHS);
      await driver.close(later);
      for (const path of PATHS) await fixture.put(path, `${Math.random()}`);
    }
  }, 60_000);

  it("end in that batch when a twin of the freeze looks for files that the first has already finished", async () => {
    for (const path of PATHS) await driver.deliver(path);
    const run = await fixture.openRun();
    const { ledger } = fixture;
    const before = await ledger.runs.find(run);
    expect(await driver.make(run)).toEqual(PATHS);
    // The twin read run and manifest before the first wrote them, and the batch after the first had moved it on.
    const runs = Object.create(ledger.runs, { find: { value: async () => before } }) as typeof ledger.runs;
    let looks = 0;
    const find = async (runId: string) => (looks++ === 0 ? null : ledger.manifests.find(runId));
    const manifests = Object.create(ledger.manifests, { find: { value: find } }) as typeof ledger.manifests;
    const late = { ...fixture.activities, ledger: { ...ledger, runs, manifests } };

    const result = await createWriteManifest(late)({ runId: run, attempt: 1 }, fixture.context);

    expect(result).toEqual({ kind: "written", files: 2 });
  });

  it("leave nothing claimed when the close is killed between its row and its drops", async () => {
    const run = await frozenDrops();
    await fixture.ledger.runs.change(run, () => ({ state: "failed", endedAt: "2026-01-02T00:00:00.000Z" }));

    await sweepClaims(fixture.pass);

    expect(Object.values(await driver.states())).toEqual(["pending", "pending"]);
  });
});
