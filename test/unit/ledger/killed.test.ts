import { scanContainers } from "../../../src/sweeps/containers";
import { sweepClaims } from "../../../src/sweeps/drops";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";
import { DyingTable, KilledError } from "../../support/dying-table";

const storage = useAzurite();
let fixture: ActivityFixture;
let driver: BatchDriver;

beforeEach(async () => {
  DyingTable.revive();
  fixture = await createActivityFixture(storage.connectionString, undefined, {
    storage: { table: (table) => new DyingTable(table) },
  });
  driver = new BatchDriver(fixture);
});

const PATHS = ["telemetry/a.csv", "telemetry/b.csv"];

/** Kills the work at its n-th write, for every n until it gets through; returns how many deaths that made. */
async function killEverywhere(once: (round: number) => Promise<void>, check: () => Promise<void>): Promise<number> {
  for (let writes = 1; ; writes += 1) {
    let died = false;
    DyingTable.killAt(writes);
    try {
      await once(writes);
    } catch (error) {
      if (!(error instanceof KilledError)) throw error;
      died = true;
    }
    DyingTable.revive();
    await check();
    if (!died) return writes - 1;
  }
}

/** What the sweeper does in some minutes, and then a run that takes what is pending. */
async function repairAndBatch(): Promise<string[]> {
  fixture.clock.advance(600_000);
  await sweepClaims(fixture.pass);
  await sweepClaims(fixture.pass);
  const run = await fixture.openRun();
  const paths = await driver.make(run);
  await driver.close(run);
  return paths;
}

describe("a process that is killed at any write of the ledger, whose answer it never sees,", () => {
  it("loses no drop while it records one: the event that comes again finds it, in the index too", async () => {
    const deaths = await killEverywhere(
      async (round) => {
        await driver.deliver(`telemetry/${round}.csv`);
      },
      async () => {},
    );
    for (let round = 1; round <= deaths; round += 1) await driver.receive(`telemetry/${round}.csv`);

    const paths = await repairAndBatch();

    expect(deaths).toBeGreaterThanOrEqual(2);
    expect(paths).toHaveLength(deaths + 1);
    expect(await fixture.ledger.drops.hasPending("scoring")).toBe(false);
  }, 120_000);

  it("leaves no drop behind that is in the ledger but in no index, though its blob is gone and no event comes again", async () => {
    const deaths = await killEverywhere(
      async (round) => {
        await driver.deliver(`telemetry/${round}.csv`);
      },
      async () => {},
    );
    const known: string[] = [];
    for (let round = 1; round <= deaths; round += 1) {
      const path = `telemetry/${round}.csv`;
      if ((await fixture.ledger.drops.versions(fixture.container, path)).length > 0) known.push(path);
      await fixture.remove(path);
    }

    await repairAndBatch();

    for (const path of known)
      expect(await fixture.ledger.drops.versions(fixture.container, path)).toMatchObject([{ state: "vanished" }]);
  }, 120_000);

  it("puts every drop into exactly one batch, wherever the batch was cut off", async () => {
    const listed: string[] = [];
    let run = "";
    const deaths = await killEverywhere(
      async () => {
        DyingTable.revive();
        for (const path of PATHS) await driver.deliver(path, `${Math.random()}`);
        run = await fixture.openRun();
        DyingTable.killAt(listed.length + 1);
        await driver.make(run);
      },
      async () => {
        // Its orchestration is lost: the sweeper closes the run.
        await driver.close(run, "failed");
        const first = await fixture.manifestPaths(run);
        const second = await repairAndBatch();
        expect([...first, ...second].sort()).toEqual(PATHS);
        const states = (await driver.drops()).map(({ state }) => state);
        expect(new Set(states)).toEqual(new Set(["batched"]));
        listed.push(run);
      },
    );

    expect(deaths).toBeGreaterThan(10);
  }, 240_000);
});

describe("the scan of a container", () => {
  it("goes on where it was killed, and finds every blob", async () => {
    const paths = Array.from({ length: 12 }, (_, index) => `telemetry/${String(index).padStart(2, "0")}.csv`);
    for (const path of paths) await fixture.put(path, path);

    for (let writes = 3; writes < 40; writes += 7) {
      DyingTable.killAt(writes);
      await scanContainers(fixture.pass).catch(() => undefined);
      DyingTable.revive();
    }
    await scanContainers(fixture.pass);
    await scanContainers(fixture.pass);

    expect((await driver.drops()).map(({ path }) => path).sort()).toEqual(paths);
  }, 60_000);
});
