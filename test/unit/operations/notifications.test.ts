import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createNotifier, type NotifierConfig } from "../../../src/adapters/notifier";
import type { ExitJson } from "../../../src/domain/exit-json";
import type { GenerationRecord } from "../../../src/domain/generation";
import { cloudEvent, slackBody, teamsCard } from "../../../src/domain/notification/bodies";
import type { Notification } from "../../../src/domain/notification/notification";
import { lineageEvents } from "../../../src/domain/notification/open-lineage";
import { remarksOfEnd, type EndedFacts } from "../../../src/domain/notification/topics";

const generation = (exit: Partial<ExitJson>): GenerationRecord =>
  ({
    step: "ingestion",
    exit: { counts: {}, tables: {}, warnings: [], metrics: {}, ...exit },
  }) as unknown as GenerationRecord;
const facts = (over: Partial<EndedFacts>): EndedFacts => ({
  ...{ run: { state: "succeeded", attempt: 1, error: null }, generations: [], before: null, quarantineShare: 0.05 },
  ...over,
});
const topics = (over: Partial<EndedFacts>): string[] => remarksOfEnd(facts(over)).map(({ topic }) => topic);

interface LineageEvent {
  readonly run: { readonly runId: string };
}

const NOTIFICATION: Notification = {
  ...{ kind: "runEnded", id: "scoring-1-a1", runId: "scoring-1", attempt: 1, pipeline: "scoring", state: "failed" },
  ...{ reason: "schedule", drops: 4, error: { code: "CODE", message: "a < b & c", step: "scoring" } },
  ...{ endedAt: "2015-11-16T06:40:00.000Z", databricksRunUrls: ["https://workspace/run/1"] },
  remarks: [
    { topic: "ended", text: "it ended as failed" },
    { topic: "failed", text: "step scoring: CODE: a < b & c" },
  ],
  result: {
    ...{ createdAt: "2015-11-16T06:30:00.000Z", startedAt: "2015-11-16T06:30:05.000Z", batchId: "scoring-0", drops: 4 },
    window: { start: "2015-11-15T06:30:00.000Z", end: "2015-11-16T06:30:00.000Z" },
    watermark: "2015-11-16T06:00:00Z",
    tables: [{ name: "main.s.telemetry", version: 12 }],
    model: { name: "main.s.model", version: "3" },
    inputs: ["drops/telemetry/2015-11-15.csv"],
  },
};

describe("what a run's end is about", () => {
  it("is its failure, with step, code and message", () => {
    const error = { code: "RUN_EXECUTION_ERROR", message: "bad", step: "scoring" };
    expect(remarksOfEnd(facts({ run: { state: "failed", attempt: 1, error } }))).toEqual([
      { topic: "ended", text: "it ended as failed" },
      { topic: "failed", text: "step scoring: RUN_EXECUTION_ERROR: bad" },
    ]);
  });

  it("is its recovery after a failed attempt or a failed run, and nothing after a good one", () => {
    expect(topics({ run: { state: "succeeded", attempt: 2, error: null } })).toContain("recovered");
    expect(topics({ before: { runId: "r", state: "failed" } })).toContain("recovered");
    expect(topics({ before: { runId: "r", state: "succeeded" } })).toEqual(["ended"]);
    expect(
      topics({ run: { state: "not_ready", attempt: 1, error: null }, before: { runId: "r", state: "failed" } }),
    ).toEqual(["ended"]);
  });

  it("is quarantine above the share of the definition, by rows and by files", () => {
    const of = (counts: ExitJson["counts"]) => topics({ generations: [generation({ counts })] });
    expect(of({ rowsRead: 100, rowsQuarantined: 6 })).toContain("quarantine");
    expect(of({ rowsRead: 100, rowsQuarantined: 5 })).toEqual(["ended"]);
    expect(of({ filesListed: 2, filesQuarantined: 1 })).toContain("quarantine");
  });

  it("is what a gate refused, and drift", () => {
    expect(topics({ generations: [generation({ metrics: { decision: "refused" } })] })).toContain("gate_refused");
    expect(topics({ generations: [generation({ metrics: { decision: "promoted", featuresDrifted: 0 } })] })).toEqual([
      "ended",
    ]);
    expect(topics({ generations: [generation({ metrics: { featuresDrifted: 2 } })] })).toContain("drift");
  });
});

describe("the forms of a notification", () => {
  it("a Teams card says what happened, as text and facts, with a link to Databricks", () => {
    const card = teamsCard(NOTIFICATION);
    expect(card).toMatchObject({
      type: "message",
      attachments: [{ contentType: "application/vnd.microsoft.card.adaptive" }],
    });
    const text = JSON.stringify(card);
    expect(text).toContain("scoring: a run failed");
    expect(text).toContain("Step scoring: CODE: a < b & c.");
    expect(text).toContain('"color":"attention"');
    expect(text).toContain('"url":"https://workspace/run/1"');
  });

  it("a Slack body escapes what Slack would take for mark-up, and stays below its limits", () => {
    const long = {
      ...NOTIFICATION,
      remarks: [{ topic: "failed", text: "<!channel> & ".repeat(1000) }],
    } as Notification;
    const text = JSON.stringify(slackBody(long));
    expect(text).not.toContain("<!channel>");
    expect(text).toContain("&lt;!channel&gt; &amp;");
    const { blocks } = slackBody(long) as { blocks: { text?: { text: string } }[] };
    for (const block of blocks) expect(block.text?.text.length ?? 0).toBeLessThanOrEqual(3000);
  });

  it("a CloudEvent carries window, watermark and batch where a filter sees them", () => {
    expect(cloudEvent(NOTIFICATION, "prod")).toMatchObject({
      ...{ specversion: "1.0", id: "scoring-1-a1", type: "batchkeeper.run.ended", subject: "scoring-1" },
      ...{ source: "/batchkeeper/prod/pipelines/scoring", time: "2015-11-16T06:40:00.000Z", batchid: "scoring-0" },
      ...{ windowstart: "2015-11-15T06:30:00.000Z", windowend: "2015-11-16T06:30:00.000Z" },
      watermark: "2015-11-16T06:00:00Z",
    });
  });

  it("OpenLineage gets START and FAIL of the same run, with versions of the tables", () => {
    const settings = { deploymentId: "prod", workspace: "https://adb-1.azuredatabricks.net" };
    const [start, end] = lineageEvents(NOTIFICATION, settings) as LineageEvent[];
    const [again] = lineageEvents(NOTIFICATION, { ...settings, deploymentId: "other" }) as LineageEvent[];

    expect(start).toMatchObject({ eventType: "START", eventTime: "2015-11-16T06:30:05.000Z" });
    expect(end).toMatchObject({
      ...{
        eventType: "FAIL",
        run: { runId: start?.run.runId, facets: { errorMessage: { message: "CODE: a < b & c" } } },
      },
      outputs: [
        {
          namespace: "databricks://adb-1.azuredatabricks.net",
          name: "main.s.telemetry",
          facets: { version: { datasetVersion: "12" } },
        },
      ],
      inputs: [{ name: "drops/telemetry/2015-11-15.csv" }],
    });
    expect(start?.run.runId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(again?.run.runId).not.toBe(start?.run.runId);
    expect(lineageEvents({ ...NOTIFICATION, kind: "scheduleMissed", occurrence: "x" } as never, settings)).toEqual([]);
  });
});

const none = () => Promise.resolve([]);

describe("the notifier", () => {
  let server: Server;
  let url: string;
  let received: { type: string; authorization: string; body: Record<string, unknown> }[];
  let status: number;

  beforeEach(async () => {
    [received, status] = [[], 200];
    server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const { "content-type": type = "", authorization = "" } = request.headers;
        received.push({
          type,
          authorization,
          body: JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>,
        });
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?sig=canary`;
  });
  afterEach(async () => new Promise((resolve) => server.close(resolve)));

  const config = (notifications: Partial<NotifierConfig["notifications"]>): NotifierConfig => ({
    ...{ deploymentId: "prod", databricks: { host: "https://workspace" }, version: "1.2.3" },
    notifications: { format: "json", topics: ["ended", "failed"], ...notifications },
  });

  it("posts to every receiver in its form", async () => {
    const openLineage = { url, apiKey: "key" };
    await createNotifier(config({ webhookUrl: url, format: "cloudevents", openLineage })).notify(NOTIFICATION, none);

    expect(received.map(({ type }) => type).sort()).toEqual([
      "application/cloudevents+json",
      "application/json",
      "application/json",
    ]);
    expect(received.filter(({ authorization }) => authorization === "Bearer key")).toHaveLength(2);
    expect(received.find(({ type }) => type.includes("cloudevents"))?.body).toMatchObject({
      data: { runId: "scoring-1" },
    });
  });

  it("tells nobody of what is no topic of theirs, and nobody at all without a URL", async () => {
    await createNotifier(config({ webhookUrl: url, topics: ["drift"] })).notify(NOTIFICATION, none);
    await createNotifier(config({})).notify(NOTIFICATION, none);
    expect(received).toEqual([]);
  });

  it("throws when a receiver did not take it, without the URL, which may hold a secret", async () => {
    status = 500;
    const told = createNotifier(config({ webhookUrl: url })).notify(NOTIFICATION, none);
    await expect(told).rejects.toThrow("notification webhook did not take the message (500)");
    await expect(told).rejects.not.toThrow("canary");
  });
});
