import { BlobServiceClient } from "@azure/storage-blob";
import { gunzipSync } from "node:zlib";
import type { ExitJson } from "../../../src/domain/exit-json";
import type { SetAsideFile } from "../../../src/domain/quarantine";
import { dropKeys } from "../../../src/ledger/drops/drop-rows";
import { listQuarantine } from "../../../src/runs/quarantine/list";
import { discard, release } from "../../../src/runs/quarantine/release";
import { discardDrop, requeueDrop } from "../../../src/runs/quarantine/requeue";
import { noteSetAside, showSetAside } from "../../../src/runs/quarantine/set-aside";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";

const storage = useAzurite();
let fixture: ActivityFixture;
let batch: BatchDriver;
let runId: string;

const ROWS = "telemetry/2015-11-15.csv";
const BROKEN = "errors/2015-11-15.csv";
const BY = { by: "ada", why: "the sensor sent a comma" };

const file = (path: string, over: Partial<SetAsideFile>): SetAsideFile => ({
  ...{ path, etag: "0x1", source: path.split("/")[0] ?? "", header: "machine,volt", total: 2, whole: false },
  entries: [3, 4].map((line) => ({
    ...{ line, rule: "wrong_type:volt", rules: ["wrong_type:volt"], severity: "quarantine", cut: false },
    raw: `1,"17${line}`,
  })),
  ...over,
});

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString, undefined, {
    drops: { pathPattern: "^(?<source>telemetry|errors)/.+\\.csv(\\.gz)?$" },
  });
  batch = new BatchDriver(fixture);
  await fixture.ledger.registry.register("scoring", "group");
  await batch.deliver(ROWS);
  await batch.deliver(BROKEN, "machine,error\n1,error1\n");
  runId = await fixture.openRun();
  await batch.make(runId);
  await ingested([file(ROWS, {}), file(BROKEN, { whole: true, total: 1, header: null })]);
});

const deps = () => ({ ledger: fixture.ledger, definitions: fixture.pipelines });
const listed = async (state: "open" | "decided" = "open") =>
  (await listQuarantine(deps(), { pipeline: "scoring", state })).items;

/** What the judgement of a step that ended well notes of these files. */
async function ingested(files: readonly SetAsideFile[], id = runId): Promise<void> {
  await fixture.ledger.blobs.putJson("results", `${id}/quarantine.json`, { schemaVersion: 1, runId: id, files });
  const run = await fixture.ledger.runs.get(id);
  const counts = { rowsQuarantined: 2, filesQuarantined: 1 };
  if (run) await noteSetAside(fixture.ledger, run, { counts } as unknown as ExitJson);
}

async function idOf(path: string): Promise<string> {
  for (const found of await listed()) if (found.path === path) return found.id;
  throw new Error(`${path} is not in quarantine`);
}

async function bytesOf(path: string): Promise<Buffer> {
  const service = BlobServiceClient.fromConnectionString(storage.connectionString);
  return service.getContainerClient(fixture.container).getBlobClient(path).downloadToBuffer();
}

describe("what ingestion set aside", () => {
  it("is listed while it is open, with the whole of each file told from its rows", async () => {
    await ingested([file(ROWS, {}), file(BROKEN, { whole: true, total: 1 })]);

    expect((await listed()).map((found) => [found.kind, found.rows])).toEqual(
      expect.arrayContaining([
        ["rows", 2],
        ["file", 0],
      ]),
    );
    expect(await listed()).toHaveLength(2);
    expect(await listed("decided")).toEqual([]);
  });

  it("is shown with line, rule and raw text", async () => {
    const { item, file: shown } = await showSetAside(fixture.ledger, await idOf(ROWS));

    expect(item).toMatchObject({ runId, path: ROWS, source: "telemetry", rule: "wrong_type:volt" });
    expect(shown.entries[0]).toMatchObject({ line: 3, raw: '1,"173' });
    await expect(showSetAside(fixture.ledger, `${runId}.0000`)).rejects.toMatchObject({ why: "unknown" });
  });

  it("comes back as a drop of the mended rows, once, by whoever decided it", async () => {
    const id = await idOf(ROWS);
    const rows = [
      { line: 4, text: "1,174" },
      { line: 3, text: "1,173" },
    ];

    const [first, again] = [
      await release(deps(), id, { rows }, BY, fixture.starter),
      await release(deps(), id, { rows }, { by: "bob", why: "again" }, fixture.starter),
    ];

    const path = first.decision?.dropPath ?? "";
    expect(path).toMatch(/^telemetry\/released-[0-9a-f]{12}\/2015-11-15\.csv$/);
    expect(again.decision).toEqual(first.decision);
    expect(first.decision).toMatchObject({ kind: "released", by: "ada", why: BY.why, rows: 2 });
    expect((await bytesOf(path)).toString()).toBe("machine,volt\n1,173\n1,174\n");
    expect(await batch.states()).toMatchObject({ [path]: "pending" });
    expect(fixture.starter.started).toContain("collector-scoring");
    expect((await listed()).map((found) => found.kind)).toEqual(["file"]);
    // Its story goes on: a later batch holds it.
    const next = await fixture.openRun();
    expect(await batch.make(next)).toEqual([path]);
  });

  it("is packed when the name says so", async () => {
    const packed = "telemetry/2015-11-14.csv.gz";
    await ingested([file(packed, {})]);

    const { decision } = await release(
      deps(),
      await idOf(packed),
      { rows: [{ line: 3, text: "1,2" }] },
      BY,
      fixture.starter,
    );

    expect(gunzipSync(await bytesOf(decision?.dropPath ?? "")).toString()).toBe("machine,volt\n1,2\n");
  });

  it("of a whole file comes back as it was frozen, or with the text that is given", async () => {
    const id = await idOf(BROKEN);

    const { decision } = await release(deps(), id, {}, BY, fixture.starter);

    expect((await bytesOf(decision?.dropPath ?? "")).toString()).toBe("machine,error\n1,error1\n");
    await expect(release(deps(), id, { text: "other\n" }, BY, fixture.starter)).rejects.toMatchObject({
      why: "decided",
    });
  });

  it("is refused with every fault of the rows", async () => {
    const id = await idOf(ROWS);
    const twice = [3, 3, 9].map((line) => ({ line, text: line === 9 ? "" : "1,2" }));

    await expect(release(deps(), id, { rows: twice }, BY, fixture.starter)).rejects.toMatchObject({
      faults: [
        "line 9 of telemetry/2015-11-15.csv is not in quarantine",
        "line 3 is given twice",
        "line 9 has no text",
      ],
    });
    await expect(release(deps(), id, {}, BY, fixture.starter)).rejects.toMatchObject({ name: "InvalidRequestError" });
    await expect(release(deps(), id, { rows: [], text: "x" }, BY, fixture.starter)).rejects.toThrow("not both");
    await expect(release(deps(), await idOf(BROKEN), { rows: twice }, BY, fixture.starter)).rejects.toThrow(
      "as a whole",
    );
    expect(await listed()).toHaveLength(2);
  });

  it("stays out when it is discarded, by whom and why; of two decisions the first stands", async () => {
    const id = await idOf(ROWS);
    const rows = [{ line: 3, text: "1,2" }];

    const discarded = await discard(deps(), id, BY);

    expect(discarded.decision).toMatchObject({ kind: "discarded", by: "ada", why: BY.why });
    expect((await discard(deps(), id, { by: "bob", why: "too" })).decision).toEqual(discarded.decision);
    await expect(release(deps(), id, { rows }, BY, fixture.starter)).rejects.toThrow(/was discarded at 20/);
    // The judgement of the step may be repeated: what was decided stays decided.
    await ingested([file(ROWS, {})]);
    expect((await listed()).map((found) => found.kind)).toEqual(["file"]);
    expect(await listed("decided")).toHaveLength(1);
  });

  it("of a batch that was taken over is the later run's", async () => {
    await batch.close(runId, "failed");
    fixture.clock.advance(22_000_000);
    const next = await fixture.openRun();
    await batch.make(next);
    await ingested([file(ROWS, {}), file(BROKEN, { whole: true })], next);

    expect((await listed()).map((found) => found.runId)).toEqual([next, next]);
  });
});

describe("a drop in quarantine", () => {
  const path = "weather/today.csv";
  const version = async () => {
    const etag = (await fixture.ledger.blobs.head(fixture.container, path))?.etag ?? "";
    return { container: fixture.container, path, etag };
  };
  const mended = () => {
    const [old] = fixture.pipelines.values();
    if (!old?.drops) throw new Error("the fixture's pipeline takes drops");
    const drops = { ...old.drops, pathPattern: "^(?<source>weather|telemetry|errors)/.+$" };
    return { ledger: fixture.ledger, definitions: new Map([["scoring", { ...old, drops }]]) };
  };

  beforeEach(async () => {
    await batch.deliver(path, "text");
  });

  it("is listed, and requeued once a pattern takes it", async () => {
    expect((await listed()).map(({ kind }) => kind)).toContain("drop");
    await expect(requeueDrop(deps(), await version(), BY, fixture.starter)).rejects.toThrow(
      "fits no pipeline's pathPattern",
    );

    const drop = await requeueDrop(mended(), await version(), BY, fixture.starter);

    expect(drop).toMatchObject({ state: "pending", pipeline: "scoring", source: "weather", reason: null, runId: null });
    expect((await listed()).map(({ kind }) => kind)).not.toContain("drop");
    expect(await batch.make(await fixture.openRun())).toEqual([path]);
    await expect(requeueDrop(mended(), await version(), BY, fixture.starter)).rejects.toThrow("is batched");
  });

  it("is superseded or vanished when its blob is another one by now", async () => {
    const old = await version();
    await batch.deliver(path, "other text");
    expect(await requeueDrop(mended(), old, BY, fixture.starter)).toMatchObject({ state: "superseded" });

    const last = await version();
    await fixture.remove(path);
    expect(await requeueDrop(mended(), last, BY, fixture.starter)).toMatchObject({ state: "vanished" });
  });

  it("says who put it back and why", async () => {
    await requeueDrop(mended(), await version(), BY, fixture.starter);

    expect(await fixture.ledger.actions.list("scoring", 5)).toMatchObject([
      { action: "requeue", by: "ada", reason: BY.why, about: path },
    ]);
  });

  it("is discarded by whom and why, and requeued after that with a reason only", async () => {
    expect(await discardDrop(deps(), await version(), BY)).toMatchObject({
      decision: { kind: "discarded", by: "ada" },
    });
    expect((await listed()).map(({ kind }) => kind)).not.toContain("drop");
    expect((await listed("decided")).map(({ kind }) => kind)).toEqual(["drop"]);

    const silent = { by: "bob", why: "" };
    await expect(requeueDrop(mended(), await version(), silent, fixture.starter)).rejects.toMatchObject({
      why: "decided",
    });
    const { container, etag } = await version();
    const to = { pipeline: "scoring", source: "weather" };
    await fixture.ledger.drops.requeue(dropKeys(container, path, etag), to);
    expect(await fixture.ledger.drops.find(container, path, etag)).toMatchObject({
      state: "quarantined",
      decision: { kind: "discarded" },
    });

    const taken = await requeueDrop(mended(), await version(), { by: "bob", why: "it was sound" }, fixture.starter);
    expect(taken).toMatchObject({ state: "pending" });
    expect(taken.decision).toBeUndefined();
    expect(await batch.make(await fixture.openRun())).toEqual([path]);
  });
});
