import { BlobServiceClient } from "@azure/storage-blob";
import type { ExitJson } from "../../../src/domain/exit-json";
import type { SetAsideFile } from "../../../src/domain/quarantine";
import type { BlobPort } from "../../../src/ledger/ports";
import { listQuarantine } from "../../../src/runs/quarantine/list";
import { discard, release, type Release } from "../../../src/runs/quarantine/release";
import { noteSetAside } from "../../../src/runs/quarantine/set-aside";
import { sweepReleases } from "../../../src/sweeps/releases";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";
import { DyingTable } from "../../support/dying-table";
import { FaultyBlobs } from "../../support/faulty-blobs";

const storage = useAzurite();
const PATH = "telemetry/2015-11-15.csv";
const ADA = { by: "ada", why: "the sensor sent a comma" };
const BOB = { by: "bob", why: "mended otherwise" };
const ROWS = (text: string): Release => ({ rows: [{ line: 3, text }] });

/** Blobs of which one container takes no new ones for a while. */
class ClosedContainer extends FaultyBlobs {
  closed: string | null = null;
  /** Once, before bytes are read. */
  beforeRead: (() => Promise<void>) | null = null;

  override async readBytes(...call: Parameters<BlobPort["readBytes"]>): Promise<Uint8Array | null> {
    const before = this.beforeRead;
    this.beforeRead = null;
    await before?.();
    return super.readBytes(...call);
  }

  override async createBytes(...call: Parameters<BlobPort["createBytes"]>): Promise<boolean> {
    if (call[0] === this.closed) throw new Error("the storage is away");
    return super.createBytes(...call);
  }
}

let fixture: ActivityFixture;
let batch: BatchDriver;
let blobs: ClosedContainer;
let runId: string;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString, undefined, {
    storage: { table: (table) => new DyingTable(table), blobs: (real) => (blobs = new ClosedContainer(real)) },
  });
  batch = new BatchDriver(fixture);
  await fixture.ledger.registry.register("scoring", "group");
  await batch.deliver(PATH);
  runId = await fixture.openRun();
  await batch.make(runId);
  await ingested();
});

afterEach(() => {
  DyingTable.revive();
});

const deps = () => ({ ledger: fixture.ledger, definitions: fixture.pipelines });
const listed = async (state: "open" | "decided" = "open") =>
  (await listQuarantine(deps(), { pipeline: "scoring", state })).items;

async function ingested(id = runId, over: Partial<SetAsideFile> = {}): Promise<void> {
  const entry = { line: 3, rule: "wrong_type:volt", rules: ["wrong_type:volt"], severity: "quarantine", cut: false };
  const file = { path: PATH, etag: "0x1", source: "telemetry", header: "machine,volt", total: 1, whole: false };
  const files = [{ ...file, entries: [{ ...entry, raw: '1,"173' }], ...over }];
  await fixture.ledger.blobs.putJson("results", `${id}/quarantine.json`, { schemaVersion: 1, runId: id, files });
  const run = await fixture.ledger.runs.get(id);
  if (run) await noteSetAside(fixture.ledger, run, { counts: { rowsQuarantined: 1 } } as unknown as ExitJson);
}

async function released(): Promise<string[]> {
  const found: string[] = [];
  const container = BlobServiceClient.fromConnectionString(storage.connectionString).getContainerClient(
    fixture.container,
  );
  for await (const { name } of container.listBlobsFlat())
    if (name.includes("/released-"))
      found.push((await container.getBlobClient(name).downloadToBuffer()).toString().trim());
  return found;
}

async function idOf(): Promise<string> {
  const [item] = await listed();
  if (!item) throw new Error("nothing is in quarantine");
  return item.id;
}

/** Takes the batch over as the next run does. */
async function takenOver(from: string): Promise<string> {
  await batch.close(from, "failed");
  fixture.clock.advance(100_000_000);
  const next = await fixture.openRun();
  await batch.make(next);
  return next;
}

describe("a release", () => {
  it("of two people at once makes one drop, that of whose decision stands", async () => {
    const id = await idOf();

    const answers = await Promise.allSettled([
      release(deps(), id, ROWS("1,173"), ADA, fixture.starter),
      release(deps(), id, ROWS("1,999"), BOB, fixture.starter),
    ]);

    const kept = answers.flatMap((each) => (each.status === "fulfilled" ? [each.value.decision?.by] : []));
    expect(kept).toHaveLength(1);
    expect(answers.find(({ status }) => status === "rejected")).toMatchObject({ reason: { why: "decided" } });
    expect(await released()).toEqual([`machine,volt\n${kept[0] === "ada" ? "1,173" : "1,999"}`]);
  });

  it("and a discard at once leave either a drop or none, as the decision says", async () => {
    const id = await idOf();

    await Promise.allSettled([release(deps(), id, ROWS("1,173"), ADA, fixture.starter), discard(deps(), id, BOB)]);

    const [item] = await listed("decided");
    expect(await released()).toHaveLength(item?.decision?.kind === "released" ? 1 : 0);
  });

  it("that could not put its drop is delivered by the sweeper, once", async () => {
    blobs.closed = fixture.container;
    await expect(release(deps(), await idOf(), ROWS("1,173"), ADA, fixture.starter)).rejects.toThrow("away");
    expect((await listed("decided"))[0]?.decision).toMatchObject({ kind: "released", by: "ada", deliveredAt: null });
    expect(await released()).toEqual([]);

    await expect(sweepReleases(fixture.pass)).rejects.toThrow("1 of 1 items failed");
    blobs.closed = null;
    // It waits for its next try.
    await sweepReleases(fixture.pass);
    expect(await released()).toEqual([]);
    fixture.clock.advance(60_000);
    await sweepReleases(fixture.pass);

    expect(await released()).toEqual(["machine,volt\n1,173"]);
    expect((await listed("decided"))[0]?.decision?.deliveredAt).toMatch(/^20/);
    expect(await fixture.ledger.quarantine.undelivered("scoring")).toEqual([]);
  });

  it("that the sweeper delivers while it is under way succeeds, with one drop", async () => {
    blobs.beforeRead = async () => sweepReleases(fixture.pass);

    const { decision } = await release(deps(), await idOf(), ROWS("1,173"), ADA, fixture.starter);

    expect(blobs.beforeRead).toBeNull();
    expect(decision?.deliveredAt).toMatch(/^20/);
    expect(await released()).toEqual(["machine,volt\n1,173"]);
  });

  it.each([1, 2, 3, 4, 5, 6])("killed at write %i ends in one drop when it is repeated or swept", async (write) => {
    const id = await idOf();
    DyingTable.killAt(write);
    await release(deps(), id, ROWS("1,173"), ADA, fixture.starter).catch(() => null);
    DyingTable.revive();

    await sweepReleases(fixture.pass);
    const { decision } = await release(deps(), id, ROWS("1,173"), BOB, fixture.starter);

    expect(decision).toMatchObject({ by: "ada", deliveredAt: expect.stringMatching(/^20/) as string });
    expect(await released()).toEqual(["machine,volt\n1,173"]);
    expect(Object.values(await batch.states()).sort()).toEqual(["batched", "pending"]);
  });

  it("of a drop that is gone since is not made again by a repetition", async () => {
    const id = await idOf();
    const { decision } = await release(deps(), id, ROWS("1,173"), ADA, fixture.starter);
    await fixture.remove(decision?.dropPath ?? "");

    await release(deps(), id, ROWS("1,173"), ADA, fixture.starter);

    expect(await released()).toEqual([]);
  });
});

describe("what was decided before the batch was taken over", () => {
  it("stays decided for every run that takes it over, also past one that did not get to ingest", async () => {
    const { decision } = await release(deps(), await idOf(), ROWS("1,173"), ADA, fixture.starter);
    const second = await takenOver(runId);
    const third = await takenOver(second);
    await ingested(third);

    expect(await listed()).toEqual([]);
    const carried = (await listed("decided")).find((item) => item.runId === third);
    expect(carried?.decision).toEqual(decision);
    await expect(release(deps(), carried?.id ?? "", ROWS("1,5"), BOB, fixture.starter)).rejects.toMatchObject({
      why: "decided",
    });
  });

  it("is open again when other rows are set aside than those that were decided of", async () => {
    await discard(deps(), await idOf(), ADA);
    const next = await takenOver(runId);
    await ingested(next, { total: 7 });

    expect(await listed()).toMatchObject([{ runId: next, rows: 7, decision: null }]);
  });

  it("gives way while nobody has decided, also of runs further back", async () => {
    const third = await takenOver(await takenOver(runId));
    await ingested(third);

    expect((await listed()).map((item) => item.runId)).toEqual([third]);
  });
});
