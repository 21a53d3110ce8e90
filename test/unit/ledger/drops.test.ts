import fc from "fast-check";
import { closeRun } from "../../../src/runs/close-run";
import { scanContainers } from "../../../src/sweeps/containers";
import { sweepClaims } from "../../../src/sweeps/drops";
import { listPrefix } from "../../../src/ledger/ranges";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";

const storage = useAzurite();
let fixture: ActivityFixture;
let driver: BatchDriver;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
  driver = new BatchDriver(fixture);
});

const receive = async (path: string) => driver.receive(path);
const makeBatch = async (runId: string) => driver.make(runId);
const allDrops = async () => driver.drops();

describe("recordBlob", () => {
  it("records a version once, however often its event comes", async () => {
    await fixture.put("telemetry/a.csv", "one");

    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => receive("telemetry/a.csv")));

    expect(answers.filter((answer) => answer.kind === "drop" && answer.created)).toHaveLength(1);
    expect(await fixture.ledger.drops.pending("scoring")).toMatchObject({ count: 1 });
  });

  it("takes an overwrite for a new drop and an absent blob for none", async () => {
    await fixture.put("telemetry/a.csv", "one");
    await receive("telemetry/a.csv");
    await fixture.put("telemetry/a.csv", "two");

    await receive("telemetry/a.csv");

    expect(await allDrops()).toHaveLength(2);
    expect(await receive("telemetry/none.csv")).toEqual({ kind: "none" });
  });

  it("quarantines a path that no pattern takes, with the reason", async () => {
    await fixture.put("README", "x");

    const recorded = await receive("README");

    expect(recorded).toMatchObject({ drop: { state: "quarantined", reason: expect.stringContaining("pathPattern") } });
    expect(await fixture.ledger.drops.hasPending("scoring")).toBe(false);
  });
});

describe("the batch of a run", () => {
  it("holds what was pending, byte for byte, and what comes later is pending for the next", async () => {
    await fixture.put("telemetry/a.csv", "one");
    await receive("telemetry/a.csv");
    const first = await fixture.openRun();
    expect(await makeBatch(first)).toEqual(["telemetry/a.csv"]);
    await fixture.put("telemetry/a.csv", "two");
    await receive("telemetry/a.csv");

    const second = await fixture.openRun();

    expect(await makeBatch(second)).toEqual(["telemetry/a.csv"]);
    expect(await fixture.frozenText(first, "telemetry/a.csv")).toBe("one");
    expect(await fixture.frozenText(second, "telemetry/a.csv")).toBe("two");
  });

  it("keeps its manifest when every activity runs a second time after new drops came", async () => {
    await fixture.put("telemetry/a.csv", "one");
    await receive("telemetry/a.csv");
    const run = await fixture.openRun();
    await makeBatch(run);
    await fixture.put("telemetry/b.csv", "late");
    await receive("telemetry/b.csv");

    expect(await makeBatch(run)).toEqual(["telemetry/a.csv"]);

    expect(await fixture.ledger.drops.pending("scoring")).toMatchObject({ count: 1 });
  });

  it("leaves out an overwritten drop as superseded and a deleted one as vanished", async () => {
    for (const path of ["telemetry/a.csv", "telemetry/b.csv", "telemetry/c.csv"]) {
      await fixture.put(path, path);
      await receive(path);
    }
    await fixture.put("telemetry/a.csv", "newer");
    await fixture.remove("telemetry/b.csv");
    const run = await fixture.openRun();

    expect(await makeBatch(run)).toEqual(["telemetry/c.csv"]);

    const states = (await allDrops()).map(({ path, state, reason }) => ({ path, state, hasReason: reason !== null }));
    // All were seen at the same instant of the test's clock.
    states.sort((a, b) => (a.path < b.path ? -1 : 1));
    expect(states).toEqual([
      { path: "telemetry/a.csv", state: "superseded", hasReason: true },
      { path: "telemetry/b.csv", state: "vanished", hasReason: true },
      { path: "telemetry/c.csv", state: "batched", hasReason: true },
    ]);
    expect((await fixture.ledger.runs.get(run))?.batch).toEqual({
      drops: 1,
      bytes: 15,
      superseded: 1,
      vanished: 1,
      quarantined: 0,
    });
  });

  it("gives its drops back when it closes before the freeze", async () => {
    await fixture.put("telemetry/a.csv", "one");
    await receive("telemetry/a.csv");
    const run = await fixture.openRun();
    await driver.claim(run);
    expect(await fixture.ledger.drops.hasPending("scoring")).toBe(false);

    await closeRun(fixture.activities, { runId: run, attempt: 1, state: "cancelled", error: null }, fixture.context);

    expect(await fixture.ledger.drops.pending("scoring")).toMatchObject({ count: 1 });
    expect(await makeBatch(await fixture.openRun())).toEqual(["telemetry/a.csv"]);
  });

  it("loses to the sweeper a drop that was claimed after its manifest", async () => {
    await fixture.put("telemetry/a.csv", "one");
    await receive("telemetry/a.csv");
    const run = await fixture.openRun();
    await makeBatch(run);
    await fixture.put("telemetry/late.csv", "late");
    await receive("telemetry/late.csv");
    // An execution that was killed between its claim and its second look at the run.
    await fixture.ledger.batches.claim("scoring", run, 500, { files: 500, bytes: Infinity });

    await sweepClaims(fixture.pass);

    expect(await makeBatch(await fixture.openRun())).toEqual(["telemetry/late.csv"]);
  });

  it("is empty without drops, unless a person asked to run again", async () => {
    expect(await makeBatch(await fixture.openRun())).toEqual([]);
    const again = await fixture.openRun({ rerun: true });

    await makeBatch(again);

    expect(await fixture.manifestPaths(again)).toEqual([]);
    expect((await fixture.ledger.runs.get(again))?.frozenAt).not.toBeNull();
  });
});

describe("scanContainers", () => {
  it("records blobs whose events never came and mends lost index rows", async () => {
    await fixture.put("telemetry/a.csv", "one");
    await fixture.put("telemetry/b.csv", "two");
    await receive("telemetry/b.csv");
    for (const row of await listPrefix(fixture.ledger.drops.table, "pending|scoring", "")) {
      await fixture.ledger.drops.table.remove(row.partitionKey, row.rowKey);
    }

    await scanContainers(fixture.pass);

    expect(await fixture.ledger.drops.pending("scoring")).toMatchObject({ count: 2 });
  });
});

describe("any interleaving of deliveries, overwrites, batches and doubled executions", () => {
  it("puts every version into exactly one batch, or names why not", async () => {
    const path = fc.constantFrom("telemetry/a.csv", "telemetry/b.csv", "errors/a.csv");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("put" as const), path }),
      fc.record({ kind: fc.constant("deliver" as const), path }),
      fc.record({ kind: fc.constant("batch" as const), twice: fc.boolean() }),
      fc.record({ kind: fc.constant("late-claim" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
        async (rounds) => {
          fixture = await createActivityFixture(storage.connectionString);
          driver = new BatchDriver(fixture);
          const runs: string[] = [];
          const play = async (one: (typeof rounds)[number][number]): Promise<void> => {
            if (one.kind === "put") await fixture.put(one.path, `${Math.random()}`);
            else if (one.kind === "deliver") await receive(one.path);
            else if (one.kind === "late-claim") {
              const last = runs.at(-1);
              if (last) await driver.claim(last);
            } else {
              const run = await fixture.openRun();
              runs.push(run);
              await Promise.all(one.twice ? [makeBatch(run), makeBatch(run)] : [makeBatch(run)]);
              await closeRun(
                fixture.activities,
                { runId: run, attempt: 1, state: "succeeded", error: null },
                fixture.context,
              );
            }
          };
          for (const round of rounds) {
            // Only one run of a group claims at a time: that is what the slot is for.
            const batches = round.filter((one) => one.kind === "batch").slice(0, 1);
            await Promise.all([...round.filter((one) => one.kind !== "batch"), ...batches].map(play));
          }
          await scanContainers(fixture.pass);
          await sweepClaims(fixture.pass);
          await play({ kind: "batch", twice: false });

          const listed = (await Promise.all(runs.map((run) => fixture.manifestFiles(run)))).flat();
          const versions = listed.map((file) => `${file.path} ${file.etag}`);
          expect(new Set(versions).size).toBe(versions.length);
          for (const drop of await allDrops()) {
            const inBatches = versions.filter((version) => version === `${drop.path} ${drop.etag}`).length;
            expect([drop.state, inBatches]).toEqual(drop.state === "batched" ? ["batched", 1] : ["superseded", 0]);
          }
        },
      ),
      { numRuns: 12 },
    );
  }, 180_000);
});
