import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { createInspectPending } from "../../../src/activities/inspect-pending";
import { StorageError } from "../../../src/ledger/ports";
import { scanContainers } from "../../../src/sweeps/containers";
import { sweepPendingDrops } from "../../../src/sweeps/drops";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";
import { FaultyBlobs } from "../../support/faulty-blobs";

const storage = useAzurite();
let fixture: ActivityFixture;
let driver: BatchDriver;
let faulty: FaultyBlobs;
let drops: ContainerClient;

const PATH = "telemetry/2015-11-15.csv";
const SETTLE_SECONDS = 300;

beforeEach(async () => {
  const wrap = { blobs: (blobs: ConstructorParameters<typeof FaultyBlobs>[0]) => (faulty = new FaultyBlobs(blobs)) };
  fixture = await createActivityFixture(storage.connectionString, undefined, { storage: wrap });
  driver = new BatchDriver(fixture);
  drops = BlobServiceClient.fromConnectionString(storage.connectionString).getContainerClient(fixture.container);
});

const inspect = async () =>
  createInspectPending(fixture.activities, fixture.pipelines)({ pipeline: "scoring" }, fixture.context);
const pass = (seconds: number): void => fixture.clock.advance(seconds * 1000);

describe("a file that Data Lake Storage tells of before a byte is in it", () => {
  it("is no drop until its bytes are there, and then one, though no further event comes", async () => {
    expect(await driver.deliver(PATH, "")).toEqual({ kind: "unfinished", pipeline: "scoring" });
    expect(await inspect()).toMatchObject({ count: 0, lookAgainSeconds: SETTLE_SECONDS });
    await fixture.put(PATH, "meter,value\n");
    pass(SETTLE_SECONDS + 1);

    expect(await inspect()).toMatchObject({ count: 1, lookAgainSeconds: null });
    expect(await driver.drops()).toMatchObject([{ path: PATH, state: "pending", size: 12 }]);
  });

  it("is recorded at once by the event of its last write", async () => {
    await driver.deliver(PATH, "");

    expect(await driver.deliver(PATH, "meter,value\n")).toMatchObject({ kind: "drop", created: true });

    pass(SETTLE_SECONDS + 1);
    expect(await inspect()).toMatchObject({ count: 1, lookAgainSeconds: null });
    expect(await driver.drops()).toHaveLength(1);
  });

  it("that stays empty is an empty drop after the definition's time", async () => {
    await driver.deliver(PATH, "");
    pass(SETTLE_SECONDS - 10);
    expect(await inspect()).toMatchObject({ count: 0 });
    pass(SETTLE_SECONDS);

    expect(await inspect()).toMatchObject({ count: 1, lookAgainSeconds: null });
    expect(await driver.make(await fixture.openRun())).toEqual([PATH]);
    expect(await driver.receive(PATH)).toMatchObject({ kind: "drop", created: false });
  });

  it("that stays empty and that the service refuses to copy is quarantined with its reason; the rest goes on", async () => {
    const other = "telemetry/2015-11-16.csv";
    await driver.deliver(PATH, "");
    await driver.deliver(other, "meter,value\n");
    pass(SETTLE_SECONDS + 1);
    expect(await inspect()).toMatchObject({ count: 2 });
    faulty.onCopy = async (source, _target, go) => {
      if (source.path === PATH) throw new StorageError(400, "InvalidHeaderValue", "the range is empty");
      return go();
    };
    const run = await fixture.openRun();
    await driver.claim(run);

    expect(await driver.freezePage(run)).toMatchObject({ left: "waiting", settled: 1 });
    expect(await driver.freezePage(run, true)).toMatchObject({ left: "none", settled: 1 });

    expect(await driver.decide(run)).toBe("written");
    expect(await fixture.manifestPaths(run)).toEqual([other]);
    const refused = (await driver.drops()).find(({ path }) => path === PATH);
    expect(refused).toMatchObject({ state: "quarantined", reason: expect.stringContaining("InvalidHeaderValue") });
  });

  it("that is deleted is forgotten", async () => {
    await driver.deliver(PATH, "");
    await fixture.remove(PATH);
    pass(SETTLE_SECONDS);

    expect(await inspect()).toMatchObject({ count: 0, lookAgainSeconds: null });
    expect(await fixture.ledger.unfinished.list("scoring", 10)).toEqual([]);
  });

  it("keeps the collector awake when it alone is there", async () => {
    await driver.deliver(PATH, "");

    await sweepPendingDrops(fixture.pass);

    expect(fixture.starter.started).toContain("collector-scoring");
  });
});

describe("a blob that is still being copied", () => {
  const copying = (): void => {
    faulty.onHead = (_name, head) => head && { ...head, copyStatus: "pending", copyId: "copy" };
  };

  it("is no drop until the copy ends, however long it takes", async () => {
    copying();
    await driver.deliver(PATH, "half of it");
    pass(SETTLE_SECONDS * 3);
    expect(await inspect()).toMatchObject({ count: 0, lookAgainSeconds: 300 });
    faulty.onHead = (_name, head) => head;
    pass(SETTLE_SECONDS);

    expect(await inspect()).toMatchObject({ count: 1, lookAgainSeconds: null });
  });

  it("for more than a day is quarantined, so that a person sees it", async () => {
    copying();
    await driver.deliver(PATH, "half of it");
    for (let hour = 0; hour < 26; hour += 1) {
      pass(3600);
      await inspect();
    }

    expect(await driver.drops()).toMatchObject([
      { state: "quarantined", reason: "the blob was still copying after 25 h" },
    ]);
    expect(await inspect()).toMatchObject({ lookAgainSeconds: null });
  });

  it("is quarantined with the storage's own words when the copy failed", async () => {
    faulty.onHead = (_name, head) => head && { ...head, size: 0, copyStatus: "failed", copyMessage: "403 Forbidden" };

    expect(await driver.deliver(PATH, "")).toMatchObject({ kind: "drop", drop: { state: "quarantined" } });
    expect((await driver.drops())[0]?.reason).toContain("403 Forbidden");
  });
});

describe("an unfinished blob of which the storage tells nothing", () => {
  it("keeps no other from becoming a drop", async () => {
    await driver.deliver("telemetry/broken.csv", "");
    await driver.deliver(PATH, "");
    faulty.onHead = ({ path }, head) => {
      if (path === "telemetry/broken.csv") throw new StorageError(403, "AuthorizationFailure", "no");
      return head;
    };
    pass(SETTLE_SECONDS + 1);
    await inspect();
    pass(SETTLE_SECONDS + 1);

    expect(await inspect()).toMatchObject({ count: 1 });
    expect(await driver.states()).toEqual({ [PATH]: "pending" });
  });

  it("keeps the scan from no other blob", async () => {
    await fixture.put("telemetry/broken.csv", "x");
    await fixture.put(PATH, "x");
    faulty.onHead = ({ path }, head) => {
      if (path === "telemetry/broken.csv") throw new StorageError(403, "AuthorizationFailure", "no");
      return head;
    };

    await expect(scanContainers(fixture.pass)).rejects.toThrow("1 of 1 items failed");
    expect(await driver.states()).toEqual({ [PATH]: "pending" });

    faulty.onHead = (_name, head) => head;
    await scanContainers(fixture.pass);
    expect(await driver.states()).toEqual({ "telemetry/broken.csv": "pending", [PATH]: "pending" });
  });
});

describe("an append blob", () => {
  it("is a drop when it has not grown for the definition's time", async () => {
    const blob = drops.getAppendBlobClient(PATH);
    await blob.create();
    expect(await driver.receive(PATH)).toMatchObject({ kind: "unfinished" });
    for (let line = 0; line < 3; line += 1) {
      await blob.appendBlock("a,1\n", 4);
      pass(SETTLE_SECONDS);
      expect(await inspect()).toMatchObject({ count: 0 });
    }
    pass(SETTLE_SECONDS + 1);

    expect(await inspect()).toMatchObject({ count: 1 });
    expect(await driver.drops()).toMatchObject([{ size: 12 }]);
  });
});

describe("what stands for a folder", () => {
  it.each([
    ["marked by the storage", "telemetry/folder.csv", { hdi_isfolder: "true" }],
    ["marked in capitals", "telemetry/folder.csv", { Hdi_isfolder: "True" }],
    ["named as one", "telemetry/folder.csv/", {}],
  ])("is no drop, neither by its event nor by the scan (%s)", async (_title, path, metadata) => {
    await drops.getBlockBlobClient(path).upload("", 0, { metadata });

    expect(await driver.receive(path)).toEqual({ kind: "none" });
    await scanContainers(fixture.pass);

    expect(await driver.drops()).toEqual([]);
    expect(await fixture.ledger.unfinished.list("scoring", 10)).toEqual([]);
  });
});
