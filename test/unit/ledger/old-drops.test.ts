import type { DropState } from "../../../src/domain/drop";
import { dropKeys } from "../../../src/ledger/drops/drop-rows";
import { rowsOf } from "../../../src/ledger/ranges";
import { scanContainers } from "../../../src/sweeps/containers";
import { sweepClaims } from "../../../src/sweeps/drops";
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

const SEEN_AT = "2025-12-31T06:00:00.000Z";

/** Writes the rows of a drop as version 0.1.0 did: a pending row without columns, a day row, no number of changes. */
async function oldDrop(path: string, state: DropState, runId = "", outcome?: string): Promise<void> {
  await fixture.put(path, path);
  const head = await fixture.ledger.blobs.head(fixture.container, path);
  if (!head) throw new Error("no blob");
  const { etag, size, lastModified } = head;
  const keys = dropKeys(fixture.container, path, etag);
  const { table } = fixture.ledger.drops;
  const index = `${keys.partitionKey}|${keys.rowKey}`;
  const seen = { pipeline: "scoring", container: fixture.container, path, source: "telemetry", blobEtag: etag };
  const facts = { ...seen, size, lastModified };
  await table.insert({ ...keys, kind: "drop", ...facts, state, seenAt: SEEN_AT, reason: "", runId });
  await table.insert({ partitionKey: `day|scoring|${SEEN_AT.slice(0, 10)}`, rowKey: `${SEEN_AT}|${index}` });
  if (state === "pending") await table.insert({ partitionKey: "pending|scoring", rowKey: `${SEEN_AT}|${index}` });
  if (outcome !== undefined) await table.insert({ partitionKey: `batch|${runId}`, rowKey: index, ...facts, outcome });
}

describe("drops of version 0.1.0", () => {
  it("that are pending go into the next batch and leave no row behind", async () => {
    await oldDrop("telemetry/a.csv", "pending");
    await oldDrop("telemetry/b.csv", "pending");
    expect(await driver.states()).toEqual({ "telemetry/a.csv": "pending", "telemetry/b.csv": "pending" });

    expect(await driver.make(await fixture.openRun())).toEqual(["telemetry/a.csv", "telemetry/b.csv"]);

    expect(await rowsOf(fixture.ledger.drops.table, { partition: "pending|scoring" })).toEqual([]);
    expect(await driver.states()).toEqual({ "telemetry/a.csv": "batched", "telemetry/b.csv": "batched" });
  });

  it("that a run was freezing when the version changed stay in its batch", async () => {
    const run = await fixture.openRun();
    await oldDrop("telemetry/a.csv", "claimed", run, "");
    await oldDrop("telemetry/b.csv", "claimed", run, "frozen");

    expect(await driver.make(run)).toEqual(["telemetry/a.csv", "telemetry/b.csv"]);

    expect(await fixture.frozenText(run, "telemetry/b.csv")).toBe("telemetry/b.csv");
  });

  it("are listed once the sweeper gave them their index rows, and those of a dead run are given back", async () => {
    const run = await fixture.openRun();
    await driver.close(run, "failed");
    await oldDrop("telemetry/a.csv", "batched", "scoring-20251231t000000-00000000", "batched");
    await oldDrop("telemetry/b.csv", "claimed", run, "");
    expect(await driver.drops()).toEqual([]);

    await scanContainers(fixture.pass);
    expect(await driver.states()).toEqual({ "telemetry/a.csv": "batched", "telemetry/b.csv": "claimed" });
    await sweepClaims(fixture.pass);

    expect(await driver.states()).toEqual({ "telemetry/a.csv": "batched", "telemetry/b.csv": "pending" });
  });
});
