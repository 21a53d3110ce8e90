import { quarantinePageSchema, shownItemSchema } from "../../../src/api/quarantine/schemas";
import type { ApiPorts } from "../../../src/api/ports";
import { setAsideId } from "../../../src/domain/quarantine";
import { createQuarantine } from "../../../src/runs/quarantine/quarantine";
import { createPredictions } from "../../../src/runs/results/predictions";
import { createStories } from "../../../src/runs/why";
import { callApi, type ApiRequest } from "../../support/api-calls";
import { useAzurite } from "../../support/azurite";
import { aPipeline, createTestLedger, type TestLedger } from "../../support/ledger";

const storage = useAzurite();
let test: TestLedger;
let ports: Pick<ApiPorts, "runs" | "pipelines" | "quarantine" | "stories">;
let runId: string;
const PATH = "telemetry/2015-11-15.csv";
const id = () => setAsideId(runId, PATH);

const call = (name: string, request: ApiRequest = {}) =>
  callApi(name, ports, request, { starterFor: () => test.starter });

beforeEach(async () => {
  test = createTestLedger(storage.connectionString, aPipeline("scoring"));
  const { ledger, pipelines: definitions, runs, starter } = test;
  const predictions = createPredictions({ runs: ledger.runs, blobs: ledger.blobs, container: "results" });
  ports = {
    ...{ runs, pipelines: definitions },
    quarantine: createQuarantine({ ledger, definitions }),
    stories: createStories({ ledger, definitions, predictions }),
  };
  const { run } = await runs.requestRun({ pipeline: "scoring", reason: "drops", alias: "a" }, starter);
  ({ runId } = run);
  const entry = {
    line: 3,
    rule: "wrong_type:volt",
    rules: ["wrong_type:volt"],
    severity: "quarantine",
    raw: "1,x",
    cut: false,
  };
  const file = { path: PATH, etag: "0x1", source: "telemetry", header: "machine,volt", total: 1, whole: false };
  const document = { schemaVersion: 1, runId, files: [{ ...file, entries: [entry] }] };
  await ledger.blobs.putJson("results", `${runId}/quarantine.json`, document);
  const item = {
    id: id(),
    pipeline: "scoring",
    runId,
    path: PATH,
    etag: "0x1",
    source: "telemetry",
    whole: false,
    rows: 1,
  };
  await ledger.quarantine.note({
    ...item,
    rule: "wrong_type:volt",
    foundAt: "2015-11-15T07:00:00.000Z",
    decision: null,
  });
  const drop = { pipeline: "scoring", container: "drops", path: "odd.txt", source: "", etag: "0x2", size: 1 };
  await ledger.drops.quarantine({ ...drop, lastModified: "2015-11-15T06:05:00.000Z" }, "fits no pattern");
});

describe("the quarantine over HTTP", () => {
  it("lists drops and rows over linked pages", async () => {
    const first = quarantinePageSchema.parse(
      (await call("listQuarantine", { params: { pipeline: "scoring" }, query: "?top=1" })).body,
    );
    const next = new URL(first.nextLink ?? "").search;
    const second = quarantinePageSchema.parse(
      (await call("listQuarantine", { params: { pipeline: "scoring" }, query: next })).body,
    );

    expect([...first.value, ...second.value].map(({ kind, path, reason }) => [kind, path, reason])).toEqual([
      ["rows", PATH, "wrong_type:volt"],
      ["drop", "odd.txt", "fits no pattern"],
    ]);
    expect(second).not.toHaveProperty("nextLink");
  });

  it("shows an item, and tells that there is none", async () => {
    const shown = shownItemSchema.parse((await call("showQuarantine", { params: { id: id() } })).body);

    expect(shown).toMatchObject({ header: "machine,volt", entries: [{ line: 3, raw: "1,x" }] });
    expect(await call("showQuarantine", { params: { id: "nope" } })).toMatchObject({
      status: 404,
      body: { type: "urn:batchkeeper:problem:unknown-quarantine-item" },
    });
  });

  it("releases mended rows and refuses what does not fit", async () => {
    const release = (body: unknown) => call("releaseQuarantine", { params: { id: id() }, body });

    expect(await release({ rows: [{ line: 3, text: "1,2" }] })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: "/why" }] },
    });
    expect(await release({ rows: [{ line: 8, text: "1,2" }], why: "typo" })).toMatchObject({
      status: 400,
      body: { detail: "line 8 of telemetry/2015-11-15.csv is not in quarantine" },
    });
    expect(await release({ rows: [{ line: 3, text: "1,2" }], why: "typo" })).toMatchObject({
      status: 200,
      body: { decision: { kind: "released", why: "typo", rows: 1, by: null } },
    });
    const discarded = await call("discardQuarantine", { params: { id: id() }, body: { why: "no" } });
    expect(discarded).toMatchObject({ status: 409, body: { type: "urn:batchkeeper:problem:quarantine-item-state" } });
  });

  it("does not release a discarded drop; requeued with a reason it comes back, and the log keeps who discarded it", async () => {
    const { body } = await call("listQuarantine", { params: { pipeline: "scoring" } });
    const drop = quarantinePageSchema.parse(body).value.find(({ kind }) => kind === "drop")?.id ?? "";
    const discarded = await call("discardQuarantine", { params: { id: drop }, body: { why: "a test file" } });
    expect(discarded).toMatchObject({ status: 200, body: { decision: { kind: "discarded" } } });
    await call("discardQuarantine", { params: { id: drop }, body: { why: "once more" } });

    expect(await call("releaseQuarantine", { params: { id: drop }, body: { why: "sound" } })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining("to take that back, requeue the drop") as string },
    });

    const requeue = { path: "odd.txt", reason: "it was sound" };
    await call("requeueDrop", { params: { pipeline: "scoring" }, body: requeue });
    const noted = await test.ledger.actions.list("scoring", 9);
    expect(noted.map(({ action, reason, about }) => `${action} ${about}: ${reason}`).sort()).toEqual([
      "discard odd.txt: a test file",
      "requeue odd.txt: it was sound",
    ]);
  });

  it("requeues a drop, or tells that its blob is gone", async () => {
    const answer = await call("requeueDrop", { params: { pipeline: "scoring" }, body: { path: "odd.txt" } });

    expect(answer).toMatchObject({ status: 200, body: { state: "vanished" } });
    expect((await call("requeueDrop", { params: { pipeline: "scoring" }, body: { path: "never" } })).status).toBe(404);
  });
});

describe("why", () => {
  it("tells the story of a run and of a blob, with links to the runs", async () => {
    const run = await call("tellWhy", { query: `?of=${runId}` });

    expect(run).toMatchObject({ status: 200, body: { kind: "run", id: runId } });
    expect(JSON.stringify(run.body["runs"])).toContain(`/api/v1/runs/${runId}`);
    expect((await call("tellWhy", { query: "?of=telemetry/never.csv" })).body).toMatchObject({
      kind: "blob",
      runs: [],
    });
    expect((await call("tellWhy", { query: "?of=scoring-20200101t000000-00000000" })).status).toBe(404);
  });
});
