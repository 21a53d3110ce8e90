import { createOverview } from "../../../src/api/overview/overview";
import { releasePath, setAsideId, stagedBlob, type Decision } from "../../../src/domain/quarantine";
import type { SetAside } from "../../../src/ledger/quarantine-store";
import { discard, release } from "../../../src/runs/quarantine/release";
import { sweepReleases } from "../../../src/sweeps/releases";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";

const storage = useAzurite();
const ADA = { by: "ada", why: "mended" };
const MENDED = { rows: [{ line: 3, text: "1,173" }] };

let fixture: ActivityFixture;
let runId: string;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
  await fixture.ledger.registry.register("scoring", "group");
  runId = await fixture.openRun();
});

const deps = () => ({ ledger: fixture.ledger, definitions: fixture.pipelines });
const promised = async () => fixture.ledger.quarantine.undelivered("scoring");
const putPath = (path: string): string => releasePath(path, runId, "machine,volt\n1,173\n");
const dropOf = (path: string): string => path.replace("/", "/released-1/");

/** A release whose text is staged, or (a fault) is not. */
async function promise(path: string, { staged = true, run = runId, pipeline = "scoring" } = {}): Promise<SetAside> {
  const facts = { pipeline, runId: run, path, etag: "1", source: "telemetry", whole: false, rows: 1 };
  const item = { ...facts, id: setAsideId(run, path), rule: "wrong_type:volt", foundAt: "", decision: null };
  const { quarantine, blobs } = fixture.ledger;
  await quarantine.note(item);
  if (staged) await blobs.createBytes("results", stagedBlob(run, dropOf(path)), Buffer.from("a\n"), {});
  const decision: Decision = { kind: "released", ...ADA, at: "", dropPath: dropOf(path), rows: 1, deliveredAt: null };
  await quarantine.decide(item, decision, { container: fixture.container, frozen: false });
  return item;
}

const isDelivered = async (path: string): Promise<boolean> =>
  (await fixture.ledger.blobs.head(fixture.container, dropOf(path))) !== null;

const sweep = async (): Promise<unknown> => sweepReleases(fixture.pass).catch((error: unknown) => error);

async function needs() {
  const { ledger, clock, pipelines } = fixture;
  const { needs: all } = await createOverview({
    ...{ runs: fixture.activities.requests, pipelines, now: () => new Date(clock.now()) },
    undelivered: async (pipeline) => ledger.quarantine.undelivered(pipeline),
  })();
  return all.filter(({ kind }) => kind === "undelivered");
}

it("releases that cannot be delivered keep no other back, be they as many as a pass takes", async () => {
  await promise("telemetry/sound.csv");
  const newer = await fixture.openRun({ rerun: true });
  for (let i = 0; i < 52; i++) await promise(`telemetry/lost-${i}.csv`, { staged: false, run: newer });

  await sweep();
  expect(await isDelivered("telemetry/sound.csv")).toBe(false);
  fixture.clock.advance(30_000);
  await sweep();

  expect(await isDelivered("telemetry/sound.csv")).toBe(true);
  expect((await promised()).map(({ tries }) => tries)).toEqual(Array<number>(52).fill(1));
});

it("a pipeline whose releases cannot be delivered keeps no other pipeline back", async () => {
  await fixture.ledger.registry.register("aaa", "group");
  await promise("telemetry/lost.csv", { staged: false, pipeline: "aaa" });
  await promise("telemetry/sound.csv");

  expect(await sweep()).toMatchObject({ failed: 1, items: 2 });

  expect(await isDelivered("telemetry/sound.csv")).toBe(true);
});

it("a release waits longer after every try, up to an hour, and is never given up", async () => {
  await promise("telemetry/lost.csv", { staged: false });
  const waits: number[] = [];
  for (let hours = 0; hours < 8; hours++) {
    await sweep();
    const [delivery] = await promised();
    waits.push((Date.parse(delivery?.dueAt ?? "") - Date.parse(delivery?.triedAt ?? "")) / 60_000);
    fixture.clock.advance(3_600_000);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
});

describe("what stays undeliverable", () => {
  it("is named in the overview with its reason, from the second failed try on, and no more than five of a pipeline", async () => {
    for (let i = 0; i < 7; i++) await promise(`telemetry/lost-${i}.csv`, { staged: false });
    await sweep();
    expect(await needs()).toEqual([]);
    fixture.clock.advance(60_000);
    await sweep();

    const named = await needs();
    expect(named).toHaveLength(6);
    expect(named[0]).toMatchObject({
      ...{ kind: "undelivered", pipeline: "scoring", runId, title: expect.stringMatching(/^release of /) as string },
      detail: expect.stringContaining("was tried 2 times: the staged text of telemetry/released-1/lost-") as string,
      remedy: expect.stringContaining("release it again") as string,
    });
    expect(named[5]?.title).toMatch(/^2 more releases/);
  });

  it("is delivered when the same rows are released again", async () => {
    const { id, path } = await promiseByRelease();
    await release(deps(), id, MENDED, ADA, fixture.starter);

    expect(await promised()).toEqual([]);
    expect(await fixture.ledger.blobs.readText(fixture.container, putPath(path))).toBe("machine,volt\n1,173\n");
  });

  it("is taken back by a discard, after which nothing is delivered and nobody is needed", async () => {
    const { id } = await promiseByRelease();
    expect(await needs()).toHaveLength(1);
    const { decision } = await discard(deps(), id, { by: "bob", why: "sent anew" });

    expect(decision).toMatchObject({ kind: "discarded", by: "bob" });
    expect(await promised()).toEqual([]);
    expect(await needs()).toEqual([]);
    await expect(release(deps(), id, MENDED, ADA, fixture.starter)).rejects.toMatchObject({ why: "decided" });
  });

  it("is not taken back once its drop is there", async () => {
    const { id, path } = await promiseByRelease();
    await fixture.put(putPath(path), "a\n");

    await expect(discard(deps(), id, ADA)).rejects.toMatchObject({ why: "decided" });
    expect(await promised()).toHaveLength(1);
  });
});

/** A person's release whose staged text got lost before it was delivered, tried twice in vain. */
async function promiseByRelease(): Promise<SetAside> {
  const { quarantine, blobs } = fixture.ledger;
  const path = "telemetry/2015-11-15.csv";
  const entry = { line: 3, rule: "r", rules: ["r"], severity: "quarantine", cut: false, raw: "1,x" };
  const file = { path, etag: "1", source: "telemetry", header: "machine,volt", total: 1, whole: false };
  const files = [{ ...file, entries: [entry] }];
  await blobs.putJson("results", `${runId}/quarantine.json`, { schemaVersion: 1, runId, files });
  const item = {
    ...{ pipeline: "scoring", runId, path, etag: "1", source: "telemetry", whole: false, rows: 1, rule: "r" },
    ...{ id: setAsideId(runId, path), foundAt: "", decision: null },
  };
  await quarantine.note(item);
  // Decided as `release` does, and cut off before the delivery.
  const decision: Decision = {
    ...{ kind: "released", ...ADA, at: "", rows: 1, deliveredAt: null },
    dropPath: putPath(path),
  };
  await quarantine.decide(item, decision, { container: fixture.container, frozen: false });
  for (const wait of [0, 60_000]) {
    fixture.clock.advance(wait);
    await sweep();
  }
  return item;
}
