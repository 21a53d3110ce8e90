import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createNotifier } from "../../../src/adapters/notifier";
import { runEndedId } from "../../../src/domain/message";
import { closeRun } from "../../../src/runs/close-run";
import { publishRun } from "../../../src/runs/publish-run";
import { sweepMessages } from "../../../src/sweeps/messages";
import { useAzurite } from "../../support/azurite";
import { BatchDriver } from "../../support/batches";
import { StepBench } from "../../support/step-bench";

/** A span as a collector gets it. */
interface Received {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[];
  readonly status: { readonly code: number; readonly message?: string };
}
interface Export {
  readonly resourceSpans: readonly [
    {
      readonly resource: { readonly attributes: readonly { key: string; value: Record<string, unknown> }[] };
      readonly scopeSpans: readonly [{ readonly spans: readonly Received[] }];
    },
  ];
}

const storage = useAzurite();
let bench: StepBench;
let collector: Server;
let requests: { url: string; key: string; body: Export }[];
let status: number;

beforeEach(async () => {
  [requests, status] = [[], 200];
  collector = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as Export;
      requests.push({ url: request.url ?? "", key: String(request.headers["api-key"]), body });
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  bench = await StepBench.start(storage.connectionString);
  const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
  const notifier = createNotifier({
    ...{ deploymentId: "test", databricks: { host: "https://workspace" }, version: "1.2.3" },
    notifications: { format: "json", topics: [], otlp: { url, headers: { "api-key": "k" } } },
  });
  Object.assign(bench.fixture.activities.notifier, notifier);
});
afterEach(async () => {
  await bench.stop();
  await new Promise((resolve) => collector.close(resolve));
});

const spansIn = (body: Export | undefined): readonly Received[] => body?.resourceSpans[0].scopeSpans[0].spans ?? [];
const attribute = (span: Received | undefined, key: string): unknown =>
  Object.values(span?.attributes.find((one) => one.key === key)?.value ?? {})[0];

/** From a drop over its batch and one step to the end of the run. */
async function night(end: "success" | "code" = "success"): Promise<void> {
  const { fixture, runId, server } = bench;
  const { activities, context, ledger } = fixture;
  const batch = new BatchDriver(fixture);
  await batch.deliver("telemetry/2015-11-15.csv");
  bench.advance(60);
  await ledger.runs.change(runId, () => ({ state: "running", startedAt: ledger.now().toISOString() }));
  await batch.make(runId);
  server.filesInManifest = () => Promise.resolve(1);
  bench.behaviour = { delayMs: 0, end };
  await bench.startStep();
  await bench.until(async () => (await bench.poll()).kind === "ended", { everySeconds: 5, looks: 50 });
  const isFailed = end === "code";
  const error = isFailed ? { code: "RUN_EXECUTION_ERROR", message: "bad", step: "ingestion" } : null;
  await closeRun(activities, { runId, attempt: 1, state: isFailed ? "failed" : "succeeded", error }, context);
}

const publish = async (): Promise<unknown> =>
  publishRun(bench.fixture.activities, { runId: bench.runId, attempt: 1 }, bench.fixture.context);

it("is one trace from the drop to the Databricks run, each within what caused it", async () => {
  await night();
  await publish();

  expect(requests).toMatchObject([{ url: "/v1/traces", key: "k" }]);
  const body = requests[0]?.body;
  const spans = spansIn(body);
  const [root] = spans;
  const named = new Map(spans.map((span) => [span.name, span]));
  expect([...named.keys()]).toEqual([
    ...["run scoring", "wait for the slot", "drop received", "freeze the batch", "step ingestion", "Databricks run"],
  ]);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(root?.traceId).toMatch(/^[0-9a-f]{32}$/);
  for (const span of spans) {
    expect(span.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
    if (span !== root) expect(spans.map(({ spanId }) => spanId)).toContain(span.parentSpanId);
  }
  expect(named.get("Databricks run")?.parentSpanId).toBe(named.get("step ingestion")?.spanId);
  expect(attribute(named.get("drop received"), "batchkeeper.path")).toBe("telemetry/2015-11-15.csv");
  expect(attribute(named.get("Databricks run"), "databricks.run_id")).toBe("1000");
  expect(attribute(named.get("Databricks run"), "url.full")).toMatch(/^http/);
  expect(body?.resourceSpans[0].resource.attributes).toContainEqual({
    key: "service.name",
    value: { stringValue: "batchkeeper" },
  });
});

it("says where a run failed, and why", async () => {
  await night("code");
  await publish();

  const spans = spansIn(requests[0]?.body);
  const failed = spans.filter(({ status: { code } }) => code === 2).map(({ name }) => name);
  expect(failed).toEqual(["run scoring", "step ingestion", "Databricks run"]);
  expect(spans[0]?.status.message).toBe("RUN_EXECUTION_ERROR: bad");
  expect(
    attribute(
      spans.find(({ name }) => name === "step ingestion"),
      "error.type",
    ),
  ).toBe("RUN_EXECUTION_ERROR");
});

it("that no collector takes waits with its message, and comes again as the same trace", async () => {
  await night();
  status = 503;
  await publish();
  expect(await bench.fixture.ledger.outbox.waiting("scoring", 9)).toMatchObject([
    { id: runEndedId(bench.runId, 1), lastFault: "OTLP endpoint did not take the message (503)" },
  ]);
  status = 200;
  bench.advance(120);
  await sweepMessages(bench.fixture.pass);

  expect(requests).toHaveLength(2);
  expect(requests[1]?.body).toEqual(requests[0]?.body);
  expect(await bench.fixture.ledger.outbox.waiting("scoring", 9)).toEqual([]);
});
