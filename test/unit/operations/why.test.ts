import { randomBytes } from "node:crypto";
import type { ExitJson } from "../../../src/domain/exit-json";
import { why, type Story } from "../../../src/runs/why";
import { createActivityFixture, type ActivityFixture } from "../../support/activities";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";

const storage = useAzurite();
let fixture: ActivityFixture;
let batch: BatchDriver;

beforeEach(async () => {
  fixture = await createActivityFixture(storage.connectionString);
  batch = new BatchDriver(fixture);
  await fixture.ledger.registry.register("scoring", "group");
});

const PATH = "telemetry/2015-11-15.csv";

async function tell(subject: string): Promise<Story> {
  const story = await why({ ledger: fixture.ledger, definitions: fixture.pipelines }, subject);
  if (story === null) throw new Error(`no story of ${subject}`);
  return story;
}

const textOf = (story: Story): string => story.sentences.map(({ text }) => text).join("\n");

/** Gives the first step of a run a generation that ended well with these counts. */
async function ingested(runId: string, counts: ExitJson["counts"], outcome?: unknown): Promise<void> {
  const { generations, blobs } = fixture.ledger;
  const key = { runId, ordinal: 0, generation: 0 };
  const intent = {
    ...key,
    step: "ingestion",
    attempt: 1,
    job: "job-ingestion",
    idempotencyToken: randomBytes(8).toString("hex"),
  };
  await generations.intend({ ...intent, intendedAt: fixture.ledger.now().toISOString() });
  const outcomePath = `batches/${runId}/outcome/ingestion.json`;
  if (outcome !== undefined) await blobs.putJson("batches", `${runId}/outcome/ingestion.json`, outcome);
  const exit: ExitJson = {
    ...{ schemaVersion: 1, step: "ingestion", runId, status: "ok", reason: null, counts },
    tables: { telemetry: { version: 12 } },
    warnings: ["telemetry: gap"],
    outcomePath: outcome === undefined ? null : outcomePath,
    model: { name: "main.s.model", version: "3" },
  };
  await generations.change(runId, 0, 0, () => ({
    ...{ databricksRunId: "77", startedAt: "2020-01-01T00:00:10.000Z", endedAt: "2020-01-01T00:00:52.000Z" },
    ...{ durationSeconds: 42, terminal: true, status: "ok", exit },
    verdict: { kind: "succeeded", cause: null, code: "SUCCESS", message: "" },
  }));
}

describe("why a run", () => {
  it("tells who asked, the batch, the Databricks run, its counts, versions, and the end", async () => {
    await batch.deliver(PATH);
    const runId = await fixture.openRun();
    await batch.make(runId);
    const counts = { filesListed: 1, filesRead: 1, filesQuarantined: 0 };
    await ingested(runId, { ...counts, rowsRead: 1200, rowsAccepted: 1190, rowsQuarantined: 8, rowsDuplicate: 2 });
    await batch.close(runId, "failed");

    const text = textOf(await tell(runId));

    expect(text).toContain(`Run ${runId} of pipeline scoring was asked for by the collector, since drops had arrived`);
    expect(text).toMatch(/Its batch was frozen: 1 drop, \d+ B\./);
    expect(text).toContain("Step ingestion (Databricks run 77) succeeded after 42 s.");
    expect(text).toContain(
      "counted: 1 file listed, 1 read, 0 quarantined; 1,200 rows read, 1190 accepted, 8 quarantined, 2 duplicate.",
    );
    expect(text).toContain("model main.s.model version 3");
    expect(text).toContain("telemetry version 12");
    expect(text).toContain("Not begun: scoring.");
    expect(text).toMatch(
      /It ended as failed\..*A person can retry it\. Without one a later run takes its batch over from \d{4}-/,
    );
  });

  it("tells what it waits for, and behind whom", async () => {
    const [first, second] = [await fixture.openRun({ rerun: true }), await fixture.openRun({ rerun: true })];
    const ticket = (runId: string, at: string) => ({ holder: `${runId}-a1`, backfill: false, requestedAt: at });
    await fixture.ledger.slots.take("group", ticket(first, "2020-01-01T00:00:00Z"));
    await fixture.ledger.slots.take("group", ticket(second, "2020-01-01T00:00:01Z"));

    expect(textOf(await tell(second))).toContain(
      `It waits for the slot of group group: place 1 in the queue, the slot is held by ${first}-a1.`,
    );
  });

  it("tells why nothing ran", async () => {
    const runId = await fixture.openRun();
    await batch.close(runId, "nothing_to_do");

    expect(textOf(await tell(runId))).toContain("Nothing ran: no drop was pending, and no window was asked for.");
  });

  it("knows no run that is not in the ledger", async () => {
    expect(
      await why({ ledger: fixture.ledger, definitions: fixture.pipelines }, "scoring-20200101t000000-00000000"),
    ).toBeNull();
  });
});

describe("why a blob", () => {
  it("tells every version, the batch that holds it, and what ingestion said of this file", async () => {
    await batch.deliver(PATH, "first");
    await batch.deliver(PATH, "second");
    const runId = await fixture.openRun();
    await batch.make(runId);
    const counts = { filesListed: 1, filesRead: 1, filesQuarantined: 0 };
    const rows = { rowsRead: 3, rowsAccepted: 2, rowsQuarantined: 1, rowsDuplicate: 0 };
    await ingested(runId, { ...counts, ...rows }, { files: [{ path: PATH, status: "read", reason: null, ...rows }] });

    const story = await tell(PATH);
    const text = textOf(story);

    expect(text).toContain(`${PATH} was seen in 2 versions.`);
    expect(text).toContain("Nothing read it: it is superseded, the blob was overwritten before it was frozen.");
    expect(text).toContain(`It is in the batch of ${runId}.`);
    expect(text).toContain("Of this file: 3 rows read, 2 accepted, 1 quarantined, 0 duplicate.");
    expect(text).toContain("Step ingestion (Databricks run 77)");
    expect(story.runIds).toEqual([runId]);
  });

  it("tells what a pending one waits for", async () => {
    await batch.deliver(PATH);
    expect(textOf(await tell(PATH))).toContain(
      "It waits until no drop has arrived for 1 s, at most 2 s; then a run is asked for.",
    );

    const runId = await fixture.openRun();
    expect(textOf(await tell(PATH))).toContain(`It waits for run ${runId}`);
  });

  it("tells why nothing ran for one that the ledger does not have", async () => {
    await fixture.put("weather/today.txt", "text");
    await fixture.put("errors/late.csv", "text");
    await fixture.put("errors/empty.csv", "");
    await batch.receive("errors/empty.csv");

    expect(textOf(await tell("telemetry/never.csv"))).toContain("there is no such blob, and the ledger never saw one");
    expect(textOf(await tell("weather/today.txt"))).toContain(
      "fits no pipeline's pathPattern; the patterns are scoring: ",
    );
    expect(textOf(await tell("errors/late.csv"))).toContain("fits pipeline scoring, but its event has not come yet");
    expect(textOf(await tell("errors/empty.csv"))).toContain("was first seen empty");
  });
});
