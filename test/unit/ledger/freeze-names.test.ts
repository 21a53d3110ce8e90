import type { ActivityFixture, FixtureOptions } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { createFaultyBatches, type BatchDriver } from "../../support/batches";
import type { FaultyBlobs } from "../../support/faulty-blobs";

const storage = useAzurite();
let fixture: ActivityFixture;
let driver: BatchDriver;
let faulty: FaultyBlobs;

async function setUp(drops: FixtureOptions["drops"] = {}): Promise<void> {
  ({ fixture, driver, faulty } = await createFaultyBatches(storage.connectionString, drops));
}
beforeEach(async () => setUp());

const GOOD = "telemetry/2015-11-14.csv";

describe("names of frozen blobs", () => {
  const odd = [
    "telemetry/_2015-12-14.csv",
    "telemetry/.hidden.csv",
    "telemetry/line[1]/2015-12-16.csv",
    "telemetry/{a,b}*.csv",
    "telemetry/line?/2015-12-16.csv",
    "telemetry//2015-12-22.csv",
    "telemetry/2015-12-22.csv",
    "telemetry/2015-12-22.csv/2015-12-23.csv",
    "telemetry/12:00 Uhr ü.csv",
    `telemetry/${"x".repeat(300)}/2015-12-25.csv`,
    `telemetry/${"y".repeat(1000)}.csv`,
  ];

  it("are ours, whatever a source system called its files, and each keeps its bytes", async () => {
    for (const path of odd) await driver.deliver(path, `bytes of ${path}`);
    const run = await fixture.openRun();

    expect(await driver.make(run)).toEqual([...odd].sort());

    for (const file of await fixture.manifestFiles(run)) {
      expect(file.frozenPath).toMatch(/^batches\/scoring-[a-z0-9-]+\/files\/[0-9a-f]{24}\.csv$/);
      expect(await fixture.frozenText(run, file.path)).toBe(`bytes of ${file.path}`);
    }
  });

  it("are used for odd names although the definition reads in place", async () => {
    await setUp({ freeze: "reference" });
    for (const path of ["telemetry/plain-1.csv", ...odd]) await driver.deliver(path, `bytes of ${path}`);
    const run = await fixture.openRun();
    await driver.make(run);

    const files = await fixture.manifestFiles(run);

    const inPlace = files.filter((file) => file.frozenPath === `${fixture.container}/${file.path}`);
    expect(inPlace.map(({ path }) => path).sort()).toEqual([
      "telemetry/2015-12-22.csv",
      "telemetry/2015-12-22.csv/2015-12-23.csv",
      "telemetry/plain-1.csv",
    ]);
    expect(faulty.copies).toHaveLength(odd.length - 2);
  });
});

describe("the limits of a batch", () => {
  it("cut what is pending into several, oldest first, and no drop is left out", async () => {
    await setUp({ maxFiles: 2 });
    const paths = ["d", "c", "b", "a", "e"].map((name) => `telemetry/${name}.csv`);
    for (const path of paths) {
      await driver.deliver(path);
      fixture.clock.advance(1000);
    }

    const made: string[][] = [];
    for (let batch = 0; batch < 4; batch += 1) {
      const run = await fixture.openRun();
      made.push(await driver.make(run));
      await driver.close(run, made.at(-1)?.length === 0 ? "nothing_to_do" : "succeeded");
    }

    expect(made).toEqual([
      ["telemetry/c.csv", "telemetry/d.csv"],
      ["telemetry/a.csv", "telemetry/b.csv"],
      ["telemetry/e.csv"],
      [],
    ]);
  });

  it("of bytes let a single larger drop pass", async () => {
    await setUp({ maxBytes: 10 });
    for (const [name, bytes] of [
      ["a", 4],
      ["b", 5],
      ["c", 25],
      ["d", 1],
    ] as const) {
      await driver.deliver(`telemetry/${name}.csv`, "x".repeat(bytes));
      fixture.clock.advance(1000);
    }

    const made: string[][] = [];
    for (let batch = 0; batch < 3; batch += 1) {
      const run = await fixture.openRun();
      made.push(await driver.make(run));
      await driver.close(run);
    }

    expect(made.map((paths) => paths.map((path) => path.slice(10, 11)).join(""))).toEqual(["ab", "c", "d"]);
  });
});

describe("two versions of one path that were both frozen", () => {
  it("go into two batches, the older first", async () => {
    await driver.deliver(GOOD, "one");
    const run = await fixture.openRun();
    await driver.claim(run);
    await driver.freezePage(run);
    fixture.clock.advance(1000);
    await driver.deliver(GOOD, "two");
    await driver.claim(run);

    expect(await driver.make(run)).toEqual([GOOD]);
    expect(await fixture.frozenText(run, GOOD)).toBe("one");
    await driver.close(run);
    const next = await fixture.openRun();

    expect(await driver.make(next)).toEqual([GOOD]);
    expect(await fixture.frozenText(next, GOOD)).toBe("two");
  });
});
