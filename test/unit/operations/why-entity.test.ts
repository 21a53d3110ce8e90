import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../../../local/paths";
import type { ExitJson } from "../../../src/domain/exit-json";
import { createPredictions } from "../../../src/runs/results/predictions";
import { createStories } from "../../../src/runs/why";
import { createActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";

const storage = useAzurite();
const parquet = (name: string) => readFileSync(join(REPO_ROOT, "test", "fixtures", "predictions", `${name}.parquet`));

async function open() {
  const fixture = await createActivityFixture(storage.connectionString);
  const { ledger, pipelines: definitions } = fixture;
  const predictions = createPredictions({ runs: ledger.runs, blobs: ledger.blobs, container: "results" });
  const stories = createStories({ ledger, definitions, predictions });
  const tell = async (entity: string): Promise<string> =>
    (await stories.whyEntity("scoring", entity)).sentences.map(({ text }) => text).join("\n");
  return { fixture, ledger, predictions, tell };
}

describe("why an entity", () => {
  it("tells its scores, days that lack readings, rows in quarantine, and that it came", async () => {
    const { fixture, ledger, predictions, tell } = await open();
    const runId = await fixture.openRun();
    await ledger.blobs.createBytes("results", `${runId}/predictions.parquet`, parquet("first"), {});
    const key = { runId, ordinal: 0, generation: 0, step: "ingestion", attempt: 1, job: "job-ingestion" };
    await ledger.generations.intend({
      ...{ ...key, idempotencyToken: randomBytes(8).toString("hex") },
      intendedAt: ledger.now().toISOString(),
    });
    const exit = {
      ...{ schemaVersion: 1, step: "ingestion", runId, status: "ok", reason: null, tables: {}, warnings: [] },
      ...{ counts: { rowsQuarantined: 1 }, outcomePath: `batches/${runId}/outcome/ingestion.json` },
    } as unknown as ExitJson;
    await ledger.generations.change(runId, 0, 0, () => ({ exit, terminal: true }));
    await fixture.ledger.runs.change(runId, () => ({ state: "succeeded", endedAt: "2026-01-01T00:00:00.000Z" }));
    const latest = await predictions.latest("scoring");
    const entity = latest?.predictions[0]?.entity ?? "";
    await ledger.blobs.putJson("batches", `${runId}/outcome/ingestion.json`, {
      incomplete: [
        { source: "telemetry", day: "2015-11-15", entity: Number(entity), readings: 20, expected: 24, lastTs: null },
        { source: "telemetry", day: "2015-11-15", entity: 999, readings: 1, expected: 24, lastTs: null },
      ],
      fleet: [`machine ${entity} came at 2015-11-14`, `machine ${entity}9 left`],
    });
    const row = { rule: "wrong_type:volt", rules: ["wrong_type:volt"], severity: "quarantine", cut: false };
    const file = { path: "telemetry/d.csv", etag: "0x1", source: "telemetry", header: "h", total: 2, whole: false };
    const entries = [
      { ...row, line: 3, raw: `2015-11-15 01:00:00,${entity},x` },
      { ...row, line: 4, raw: `2015-11-15 01:00:00,${entity}9,x` },
    ];
    const document = { schemaVersion: 1, runId, files: [{ ...file, entries }] };
    await ledger.blobs.putJson("results", `${runId}/quarantine.json`, document);

    const text = await tell(entity);

    expect(text).toMatch(new RegExp(`run ${runId} scored it by model version \\d+.*within \\d+ h: [\\d.]+ %`));
    expect(text).toContain(`Run ${runId} counted 20 of 24 rows of telemetry on 2015-11-15.`);
    expect(text).not.toContain("counted 1 of 24");
    expect(text).toContain(`set line 3 of telemetry/d.csv aside (wrong_type:volt): 2015-11-15 01:00:00,${entity},x`);
    expect(text).not.toContain("line 4");
    expect(text).toContain(`machine ${entity} came at 2015-11-14.`);
    expect(text).not.toContain(`${entity}9 left`);

    expect(await tell("nobody")).toContain(`Nobody scored nobody: the newest scores are those of run ${runId}`);
  });

  it("tells that nobody was scored yet", async () => {
    const { tell } = await open();
    expect(await tell("1")).toBe("No run has exported a score of anybody yet.");
  });
});
