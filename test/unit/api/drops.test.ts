import { dropCountsSchema, dropPageSchema } from "../../../src/api/drops/schemas";
import { pipelinePageSchema } from "../../../src/api/pipelines/schemas";
import { LOOKED_THROUGH } from "../../../src/ledger/drops/drop-lists";
import { dropKeys, indexRow } from "../../../src/ledger/drops/drop-rows";
import { startAzurite } from "../../support/azurite";
import { callApi } from "../../support/api-calls";
import { aPipeline, createTestLedger, type TestLedger } from "../../support/ledger";

let storage: Awaited<ReturnType<typeof startAzurite>>;
let test: TestLedger;

beforeAll(async () => {
  storage = await startAzurite();
}, 60_000);
afterAll(async () => {
  await storage.stop();
});
beforeEach(() => {
  test = createTestLedger(
    storage.connectionString,
    aPipeline("scoring", { schedule: "0 30 6 * * *" }),
    aPipeline("training", { drops: undefined }),
  );
});

const list = (query = "", pipeline = "scoring") => callApi("listDrops", test, { params: { pipeline }, query });
const put = async (day: number, reason?: string) => {
  const path = `telemetry/2015-11-${day}.csv.gz`;
  const seen = {
    pipeline: "scoring",
    container: "drops",
    path,
    source: "telemetry",
    etag: `0x${day}`,
    size: day,
    lastModified: "2015-11-15T06:05:00.000Z",
  };
  await (reason === undefined ? test.ledger.drops.record(seen) : test.ledger.drops.quarantine(seen, reason));
  test.clock.advance(1000);
};

/** Index rows of so many batched drops, in the order of their numbers. */
async function putMany(count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) => {
    const path = `many/${index}.csv`;
    const drop = { pipeline: "scoring", container: "drops", path, source: "many", etag: "0x1", size: 1 };
    const seenAt = new Date(Date.UTC(2015, 10, 15) + index * 1000).toISOString();
    const times = { lastModified: seenAt, seenAt };
    return indexRow(
      dropKeys("drops", path, "0x1"),
      { ...drop, ...times, state: "batched", reason: null, runId: null },
      1,
    );
  });
  for (let at = 0; at < rows.length; at += 100)
    await test.ledger.drops.table.transact(rows.slice(at, at + 100).map((row) => ({ kind: "insert", row })));
}

describe("uploadDrop", () => {
  const upload = (path: string) => {
    const signer = { uploadUrlOf: async ({ path: name }: { path: string }) => ({ url: name, expiresAt: "later" }) };
    const definitions = new Map([["scoring", aPipeline("scoring")]]);
    return callApi("uploadDrop", { definitions, signer }, { params: { pipeline: "scoring" }, body: { path } });
  };

  it("signs for odd names, but never for a path that a URL would lead elsewhere", async () => {
    const refused = ["../../batches/x/a", "./a", "..", "/a", "a//b", "a\\..\\b", "a\u0000b"];

    expect((await upload("telemetry/..a b%2F#.csv")).status).toBe(200);
    for (const path of refused)
      expect([path, (await upload(`telemetry/${path}`)).body["errors"]]).toEqual([
        path,
        [{ pointer: "/path", detail: expect.stringContaining("`..` segment") }],
      ]);
  });
});

describe("listDrops", () => {
  it("lists drops over linked pages and tells what became of each", async () => {
    await put(14);
    await put(15, "no pipeline takes it");
    await put(16);

    const first = dropPageSchema.parse((await list("?top=2")).body);
    const second = dropPageSchema.parse((await list(new URL(first.nextLink ?? "").search)).body);

    expect(first.nextLink).toMatch(/^https:\/\/app\.example\/api\/v1\/pipelines\/scoring\/drops\?top=2&token=/);
    expect([...first.value, ...second.value].map((drop) => [drop.path.slice(18, 20), drop.state, drop.reason])).toEqual(
      [
        ["14", "pending", null],
        ["15", "quarantined", "no pipeline takes it"],
        ["16", "pending", null],
      ],
    );
    expect(second).not.toHaveProperty("nextLink");
  });

  it("filters by state and by path", async () => {
    await put(14);
    await put(15, "unreadable");

    expect((await list("?state=quarantined")).body["value"]).toMatchObject([{ path: "telemetry/2015-11-15.csv.gz" }]);
    expect((await list("?path=telemetry/2015-11-14.csv.gz")).body["value"]).toMatchObject([{ etag: "0x14", size: 14 }]);
  });

  it("filters by when they were seen, over states and pages", async () => {
    await put(13);
    await put(14, "it grew");
    const from = new Date(test.clock.now()).toISOString();
    await put(15, "it grew");
    await put(16);

    const first = await list(`?seenFrom=${from}&top=1`);
    const rest = await list(new URL(first.body["nextLink"] as unknown as string).search);

    const paths = [first, rest].map(({ body }) => (body["value"] as unknown as { path: string }[])[0]?.path);
    expect(paths).toEqual(["telemetry/2015-11-15.csv.gz", "telemetry/2015-11-16.csv.gz"]);
    expect((await list("?seenFrom=yesterday")).status).toBe(400);
  });

  it("finds drops by a part of their path, over pages that may be empty", async () => {
    await put(14);
    await put(15);
    await put(24);

    const paths = async (query: string) =>
      dropPageSchema.parse((await list(query)).body).value.map(({ path }) => path.slice(18, 20));
    const first = dropPageSchema.parse((await list("?contains=TELEMETRY/2015-11-1&top=1")).body);

    expect(await paths("?contains=4.csv")).toEqual(["14", "24"]);
    expect(await paths("?contains=nowhere")).toEqual([]);
    expect(first.value).toMatchObject([{ etag: "0x14" }]);
    expect(await paths(new URL(first.nextLink ?? "").search)).toEqual(["15"]);
  });

  it("looks through a long list page by page", async () => {
    await putMany(LOOKED_THROUGH + 2);
    const last = `many/${LOOKED_THROUGH + 1}.csv`;

    const first = dropPageSchema.parse((await list(`?contains=${last}`)).body);
    const second = dropPageSchema.parse((await list(new URL(first.nextLink ?? "").search)).body);

    expect(first.value).toEqual([]);
    expect(second.value).toMatchObject([{ path: last }]);
    expect(second).not.toHaveProperty("nextLink");
  });

  it("refuses a state it does not know and a pipeline it does not know", async () => {
    expect(await list("?state=lost")).toMatchObject({ status: 400, body: { errors: [{ pointer: "state" }] } });
    expect((await list("", "nope")).status).toBe(404);
  });

  it("answers 503 with Retry-After, and logs why, when the storage is away", async () => {
    const gone = await startAzurite();
    const lost = createTestLedger(gone.connectionString, aPipeline("scoring"));
    await gone.stop();

    const answer = await callApi("listDrops", lost, { params: { pipeline: "scoring" } });

    expect(answer).toMatchObject({
      status: 503,
      headers: { "retry-after": "10" },
      body: { type: "urn:batchkeeper:problem:storage-unavailable" },
    });
    expect(answer.log.join()).toMatch(/request failed .*RestError.*ECONNREFUSED/);
  }, 60_000);
});

describe("countDrops", () => {
  it("counts the drops by state", async () => {
    await put(14);
    await put(15, "unreadable");
    await put(16);

    const { value } = dropCountsSchema.parse(
      (await callApi("countDrops", test, { params: { pipeline: "scoring" } })).body,
    );

    expect(value.map(({ state, count }) => `${state} ${count}`)).toEqual([
      "pending 2",
      ...["claimed 0", "batched 0", "superseded 0", "vanished 0", "quarantined 1"],
    ]);
    expect(value.every(({ more }) => !more)).toBe(true);
  });

  it("does not know the pipeline: 404", async () => {
    expect((await callApi("countDrops", test, { params: { pipeline: "nope" } })).status).toBe(404);
  });
});

describe("listPipelines", () => {
  it("tells name, schedule, steps and where the runs are", async () => {
    const answer = await callApi("listPipelines", test);

    expect(pipelinePageSchema.parse(answer.body).value).toMatchObject([
      {
        name: "scoring",
        schedule: "0 30 6 * * *",
        takesDrops: true,
        links: { runs: "https://app.example/api/v1/runs?pipeline=scoring" },
      },
      { name: "training", schedule: null, takesDrops: false, steps: [{ name: "ingestion", job: "job-ingestion" }] },
    ]);
  });
});
