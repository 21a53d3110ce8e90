import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient } from "@azure/storage-blob";
import type { ApiPorts } from "../../../src/api/ports";
import type { HealthCheck } from "../../../src/api/health/checks";
import { PROBE_PATH } from "../../../cli/blob-events";
import * as appDrop from "../../../src/domain/drop";
import { recordBlob } from "../../../src/ledger/drops/record-blob";
import { SourceSigner } from "../../../src/ledger/source-signer";
import { createPredictions } from "../../../src/runs/results/predictions";
import { REPO_ROOT } from "../../../local/paths";
import { ApiServer } from "../../support/api-server";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";
import { cli, type CliOptions } from "../../support/cli";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";

const storage = useAzurite();
const folder = mkdtempSync(join(tmpdir(), "bk-drop-"));
const file = join(folder, "telemetry", "2015-11-16.csv");
let fixture: ActivityFixture;
let ports: Partial<ApiPorts>;
let isWebhookOn = false;
const server = new ApiServer(
  () => ports,
  () => (isWebhookOn ? { webhook: { user: "dbx", password: "long-password" } } : {}),
  "key-1",
);

beforeAll(async () => {
  mkdirSync(join(folder, "telemetry"));
  writeFileSync(file, "a,b\n1,2\n");
  await server.start();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  isWebhookOn = false;
  fixture = await createActivityFixture(storage.connectionString);
  const { ledger, pipelines, activities } = fixture;
  const service = BlobServiceClient.fromConnectionString(storage.connectionString);
  ports = {
    ...{ runs: activities.requests, pipelines, definitions: pipelines, checks: [], version: "1.2.3" },
    predictions: createPredictions({ runs: ledger.runs, blobs: ledger.blobs, container: ledger.containers.results }),
    signer: new SourceSigner(service, () => new Date()),
  };
});

const run = (args: readonly string[], options: CliOptions = {}) =>
  cli(args, { ...options, env: { BATCHKEEPER_URL: server.url, BATCHKEEPER_KEY: "key-1" } });

/** What the trigger does for the event of the blob that was put. */
const seen = async (path: string) =>
  recordBlob({ ...fixture.ledger, definitions: fixture.pipelines }, fixture.container, path);

describe("drop", () => {
  it("uploads a file and follows it over batch and run to its scores", async () => {
    let looks = 0;
    let runId = "";
    const world = async () => {
      looks += 1;
      if (looks === 1) await seen("telemetry/2015-11-16.csv");
      if (looks === 2) {
        runId = await fixture.openRun();
        await new BatchDriver(fixture).make(runId);
      }
      if (looks !== 3) return;
      const scores = readFileSync(join(REPO_ROOT, "test", "fixtures", "predictions", "second.parquet"));
      await fixture.ledger.blobs.createBytes("results", `${runId}/predictions.parquet`, scores, {});
      await fixture.ledger.runs.change(runId, () => ({ state: "succeeded", endedAt: new Date().toISOString() }));
    };

    const { code, out, err } = await run(["drop", file], { onSleep: world });

    expect(err).toContain("telemetry/2015-11-16.csv is uploaded (8 bytes)\n");
    expect(err).toMatch(/is not seen yet\n[^]*is pending\n[^]*is batched[^]*run .* succeeded\n$/);
    expect(out).toContain(`${runId}  succeeded`);
    expect(out).toMatch(/^2\tcomp1\t24\t0\.7\ttrue\t/m);
    expect(code).toBe(0);
  });

  it("ends with 1 and the reason when the drop is set aside", async () => {
    const quarantine = async () => {
      const { ledger, container } = fixture;
      const path = "telemetry/2015-11-16.csv";
      const { etag = "", size = 0 } = (await ledger.blobs.head(container, path)) ?? {};
      const at = { pipeline: "scoring", container, path, source: "telemetry", lastModified: new Date().toISOString() };
      await ledger.drops.quarantine({ ...at, etag, size }, "unreadable bytes");
    };

    const { code, err } = await run(["drop", file], { onSleep: quarantine });

    expect(err).toContain("is quarantined: unreadable bytes");
    expect(err).toContain("remedy: Ask `batchkeeper why`");
    expect(code).toBe(1);
  });

  it.each([
    ["a path that no pattern takes", ["drop", "FILE", "--as", "nowhere"], 3, /does not fit its pattern/],
    ["a file that is not there", ["drop", "/nonexistent/x.csv"], 2, /cannot be read/],
    ["a pipeline that is none", ["drop", "FILE", "--pipeline", "nope"], 3, /Unknown pipeline/],
  ])("refuses %s", async (_name, args, code, text) => {
    const result = await run(args.map((arg) => (arg === "FILE" ? file : arg)));

    expect(result.err).toMatch(text);
    expect(result.code).toBe(code);
  });

  it("signs for this one blob alone", async () => {
    const { out } = await run(["drops", "upload", "scoring", "--path", "telemetry/one.csv", "--json"]);

    const { url } = JSON.parse(out) as { url: string };
    const put = async (address: string) =>
      (await fetch(address, { method: "PUT", headers: { "x-ms-blob-type": "BlockBlob" }, body: "x" })).status;
    expect(await put(url)).toBe(201);
    expect(await put(url.replace("one.csv", "two.csv"))).toBe(403);
  });
});

describe("doctor", () => {
  it("knows the app's name for a probe", () => expect(PROBE_PATH).toBe(appDrop.PROBE_PATH));

  const check = (name: string, fault?: string): HealthCheck => ({
    ...{ name, part: "storage", hint: "" },
    run: async () => (fault === undefined ? undefined : Promise.reject(new Error(fault))),
  });

  it("goes from the way to the app over its parts to the events, and names what to do", async () => {
    isWebhookOn = true;
    ports = { ...ports, checks: [check("container drops"), check("job a", "no job is named a: deploy the bundle")] };

    const { code, out } = await run(["doctor"]);

    expect(out.split("\n").map((line) => line.split("\t").slice(0, 2).join(" "))).toEqual([
      "the app answers ok",
      "key or sign-in ok",
      "version ok",
      "container drops ok",
      "job a failed",
      "databricks webhook ok",
      "blob events skipped",
      "",
    ]);
    expect(out).toContain("deploy the bundle");
    expect(code).toBe(1);
  });

  it("is well with a drop that was seen at once", async () => {
    await fixture.put("telemetry/a.csv", "x");
    await seen("telemetry/a.csv");

    const { code, out } = await run(["doctor"]);

    expect(out).toMatch(/blob events\tok\ttelemetry\/a\.csv was seen/);
    expect(code).toBe(0);
  });

  it("is not well with one that only the scan found, and says where events come from", async () => {
    const { ledger, container } = fixture;
    const late = { pipeline: "scoring", container, path: "telemetry/b.csv", source: "telemetry", etag: "0x1", size: 1 };
    await ledger.drops.record({ ...late, lastModified: "2020-01-01T00:00:00.000Z" });

    const { code, out } = await run(["doctor"]);

    expect(out).toMatch(/blob events\tfailed\t.* s after it was written\. Check the Event Grid subscription/);
    expect(code).toBe(1);
  });

  it("judges the newest drop, however many came before it", async () => {
    const { ledger, container } = fixture;
    const drop = { pipeline: "scoring", container, source: "telemetry", etag: "0x1", size: 1 };
    const record = async (path: string, lastModified: string) => ledger.drops.record({ ...drop, path, lastModified });
    const old = Array.from({ length: 450 }, (_, index) => `telemetry/old-${index}.csv`);
    await Promise.all(old.map(async (path) => record(path, "2020-01-01T00:00:00.000Z")));
    fixture.clock.advance(1000);
    await record("telemetry/new.csv", new Date().toISOString());

    server.seen.length = 0;
    const { code, out } = await run(["doctor"]);

    expect(out).toMatch(/blob events\tok\ttelemetry\/new\.csv was seen/);
    expect(code).toBe(0);
    // No list of theirs is read to its end.
    expect(server.seen.filter((request) => request.includes("token="))).toEqual([]);
  });

  it("follows a probe of its own to the ledger, which no batch holds", async () => {
    const { code, out } = await run(["doctor", "--probe"], { onSleep: () => seen(PROBE_PATH).then(() => undefined) });

    expect(out).toMatch(/blob events\tok\t\.batchkeeper\/probe was seen -?\d+ s after it was written/);
    expect(code).toBe(0);
    const [probe] = (await fixture.activities.requests.listDrops({ pipeline: "scoring", top: 9 })).items;
    expect(probe).toMatchObject({ path: PROBE_PATH, state: "vanished", reason: "a probe, which no batch holds" });
    expect(await fixture.ledger.drops.hasPending("scoring")).toBe(false);
  });

  it("is not well when nobody is told of the probe", async () => {
    let seconds = 0;
    const { code, out } = await run(["doctor", "--probe"], { onSleep: (ms) => void (seconds += ms / 1000) });

    expect(out).toMatch(/blob events\tfailed\ta probe was not seen for 130 s .*Check the Event Grid subscription/);
    expect([code, seconds]).toEqual([1, 130]);
  });

  it("ends at the first thing that nothing else can be seen without", async () => {
    const wrong = await cli(["doctor"], { env: { BATCHKEEPER_URL: server.url, BATCHKEEPER_KEY: "wrong" } });

    expect(wrong.code).toBe(1);
    expect(wrong.out).toContain("Set BATCHKEEPER_KEY");
  });
});
