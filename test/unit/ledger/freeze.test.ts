import { BlobServiceClient } from "@azure/storage-blob";
import { StorageError, type BlobName } from "../../../src/ledger/ports";
import type { ActivityFixture, FixtureOptions } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { BatchDriver, createFaultyBatches } from "../../support/batches";
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
const BAD = "telemetry/2015-11-15.csv";

async function twoClaimed(): Promise<string> {
  await driver.deliver(GOOD, "good");
  await driver.deliver(BAD, "bad");
  const run = await fixture.openRun();
  await driver.claim(run);
  return run;
}

async function reasonOf(path: string): Promise<string | null | undefined> {
  return (await driver.drops()).find((drop) => drop.path === path)?.reason;
}

/** Makes every copy of the bad drop do this. */
function badCopies(fault: () => never | Promise<"done" | "pending">): void {
  faulty.onCopy = async (source, _target, go) => (source.path === BAD ? fault() : go());
}

describe("a drop that cannot be frozen", () => {
  it("in the archive tier is quarantined, and its neighbour is in the batch", async () => {
    const drops = BlobServiceClient.fromConnectionString(storage.connectionString).getContainerClient(
      fixture.container,
    );
    await driver.deliver(GOOD, "good");
    await fixture.put(BAD, "bad");
    await drops.getBlobClient(BAD).setAccessTier("Archive");
    await driver.receive(BAD);

    expect(await driver.make(await fixture.openRun())).toEqual([GOOD]);

    expect(await driver.states()).toEqual({ [GOOD]: "batched", [BAD]: "quarantined" });
    expect(await reasonOf(BAD)).toContain("archive tier");
  });

  it("because it went to the archive after its event is quarantined too", async () => {
    const run = await twoClaimed();
    const drops = BlobServiceClient.fromConnectionString(storage.connectionString).getContainerClient(
      fixture.container,
    );
    await drops.getBlobClient(BAD).setAccessTier("Archive");

    expect(await driver.freezePage(run)).toEqual({ left: "none", settled: 2, cancelRequested: false });

    expect(await driver.states()).toEqual({ [GOOD]: "claimed", [BAD]: "quarantined" });
  });

  it.each(["BlobArchived", "BlobUsesCustomerSpecifiedEncryption", "InvalidBlobType"])(
    "with the error code %s is quarantined at once",
    async (code) => {
      const run = await twoClaimed();
      badCopies(() => {
        throw new StorageError(409, code, "the service says no");
      });

      expect(await driver.freezePage(run)).toMatchObject({ left: "none", settled: 2 });

      expect(await reasonOf(BAD)).toContain(code);
      expect(await driver.decide(run)).toBe("written");
      await driver.finish(run);
      expect(await driver.states()).toEqual({ [GOOD]: "batched", [BAD]: "quarantined" });
      expect((await fixture.ledger.runs.get(run))?.batch).toMatchObject({ drops: 1, quarantined: 1 });
    },
  );

  it("with a key of its writer is quarantined when it is recorded", async () => {
    faulty.onHead = (_name, head) => head && { ...head, customerKey: true };

    const recorded = await driver.deliver(BAD, "bad");

    expect(recorded).toMatchObject({ kind: "drop", drop: { state: "quarantined" } });
    expect(await reasonOf(BAD)).toContain("key of its writer");
  });

  it.each([
    ["a refusal that nobody knows", () => new StorageError(400, "NobodyKnows", "no")],
    ["a fault of the service", () => new StorageError(500, "InternalError", "oops")],
  ])("because of %s waits, then is quarantined when the freeze gives up; the rest went on", async (_title, fault) => {
    const run = await twoClaimed();
    badCopies(() => {
      throw fault();
    });

    expect(await driver.freezePage(run)).toEqual({ left: "waiting", settled: 1, cancelRequested: false });
    expect(await driver.freezePage(run)).toEqual({ left: "waiting", settled: 0, cancelRequested: false });
    expect(await driver.freezePage(run, true)).toEqual({ left: "none", settled: 1, cancelRequested: false });

    expect(await driver.decide(run)).toBe("written");
    expect(await fixture.manifestPaths(run)).toEqual([GOOD]);
    expect(await reasonOf(BAD)).toContain(fault().code);
  });

  it("holds up no other drop, however many pages there are", async () => {
    driver = new BatchDriver(fixture, 5);
    const stuck = Array.from({ length: 9 }, (_, index) => `telemetry/stuck-${index}.csv`);
    for (const path of stuck)
      await fixture.ledger.drops.record({
        ...{ pipeline: "scoring", container: fixture.container, path, source: "telemetry" },
        ...{ etag: path, size: 1, lastModified: "2015-11-15T06:05:00.000Z" },
      });
    fixture.clock.advance(1000);
    await driver.deliver(GOOD, "good");
    faulty.onHead = ({ path }, head) => {
      if (path.startsWith("telemetry/stuck")) throw new StorageError(500, "InternalError", "oops");
      return head;
    };
    const run = await fixture.openRun();
    await driver.claim(run);

    const pages = [await driver.freezePage(run), await driver.freezePage(run), await driver.freezePage(run)];

    // Two full pages, and one that had nothing new.
    expect(pages.map(({ left }) => left)).toEqual(["untried", "untried", "waiting"]);
    expect(pages.reduce((sum, { settled }) => sum + settled, 0)).toBe(1);
    expect(await fixture.ledger.batches.entries(run, "frozen")).toHaveLength(1);
  });

  it("is not blamed when the storage answers nobody: nothing is quarantined in an outage", async () => {
    const run = await twoClaimed();
    faulty.onHead = () => {
      throw new StorageError(503, "ServerBusy", "later");
    };

    expect(await driver.freezePage(run)).toMatchObject({ left: "waiting", settled: 0 });
    await expect(driver.freezePage(run, true)).rejects.toThrow("later");

    faulty.onHead = (_name, head) => head;
    expect(await driver.freezePage(run, true)).toMatchObject({ left: "none", settled: 2 });
    expect(await driver.states()).toEqual({ [GOOD]: "claimed", [BAD]: "claimed" });
  });
});

describe("an asynchronous copy", () => {
  const isCopy = ({ container }: BlobName): boolean => container === "batches";

  it("that ends later is waited for", async () => {
    const run = await twoClaimed();
    let pending = true;
    faulty.onHead = (name, head) =>
      isCopy(name) && head && pending ? { ...head, copyStatus: "pending", copyId: "copy" } : head;

    expect(await driver.freezePage(run)).toMatchObject({ left: "waiting", settled: 0 });
    pending = false;

    expect(await driver.freezePage(run)).toMatchObject({ left: "none", settled: 2 });
  });

  it("that stays pending is ended, what it left is removed, and its drop is quarantined with the reason", async () => {
    await driver.deliver(BAD, "bad");
    const run = await fixture.openRun();
    await driver.claim(run);
    faulty.onHead = (name, head) => {
      if (!isCopy(name) || !head) return head;
      const copyStatus = faulty.aborted.length === 0 ? "pending" : "aborted";
      return { ...head, copyStatus, copyId: "copy" };
    };
    await driver.freezePage(run);

    expect(await driver.freezePage(run, true)).toMatchObject({ left: "none", settled: 1 });

    expect(faulty.aborted).toHaveLength(1);
    const [target] = faulty.aborted;
    expect(await fixture.ledger.blobs.readText("batches", target?.path ?? "")).toBeNull();
    expect(await reasonOf(BAD)).toContain("its copy did not end");
  });

  it("that ends well at the moment when it is given up is the frozen one", async () => {
    await driver.deliver(BAD, "bad");
    const run = await fixture.openRun();
    await driver.claim(run);
    faulty.onHead = (name, head) =>
      isCopy(name) && head && faulty.aborted.length === 0 ? { ...head, copyStatus: "pending", copyId: "copy" } : head;
    await driver.freezePage(run);

    expect(await driver.freezePage(run, true)).toMatchObject({ left: "none", settled: 1 });

    expect(await driver.decide(run)).toBe("written");
    expect(await fixture.manifestPaths(run)).toEqual([BAD]);
  });

  it("that failed is removed and made again, but not when a twin's good copy took its place", async () => {
    await driver.deliver(BAD, "bad");
    const run = await fixture.openRun();
    await driver.claim(run);
    await driver.freezePage(run);
    const [entry] = await fixture.ledger.batches.entries(run, "frozen");
    if (!entry) throw new Error("nothing was frozen");
    const [target] = faulty.copies;
    const copied = await fixture.ledger.blobs.head("batches", target?.path ?? "");
    // The look saw a failed copy of another ETag; before its delete arrives, a twin has put a good one in place.
    let stale = true;
    faulty.onHead = (name, head) => {
      if (!isCopy(name) || !head || !stale) return head;
      stale = false;
      return { ...head, etag: "0xFA11ED", copyStatus: "failed" };
    };

    const bytes = await fixture.ledger.freezer.freeze(entry.drop, target?.path ?? "");

    expect(bytes.kind).toBe("frozen");
    expect((await fixture.ledger.blobs.head("batches", target?.path ?? ""))?.etag).toBe(copied?.etag);
  });
});

describe("a freeze that a person cancels", () => {
  it("stops at the next page, and its drops go back", async () => {
    const run = await twoClaimed();
    await fixture.activities.requests.cancelRun(run, fixture.starter);

    expect(await driver.freezePage(run)).toEqual({ left: "none", settled: 0, cancelRequested: true });
    await driver.close(run, "cancelled");

    expect(await driver.states()).toEqual({ [GOOD]: "pending", [BAD]: "pending" });
  });
});
