import { exposition } from "../../../src/api/metrics/exposition";
import type { OverviewView } from "../../../src/api/overview/schemas";
import type { ExitJson } from "../../../src/domain/exit-json";
import { ApiServer } from "../../support/api-server";
import { idOf, RunsApi } from "../../support/runs-api";

const api = new RunsApi();
const overview: OverviewView = {
  pipelines: [{ name: "scoring", takesDrops: true, nextAt: null, pendingDrops: 7, morePending: false }],
  open: [1, 2].map(() => ({ runId: "r", pipeline: "scoring", state: "running", step: "x", stepNumber: 1, steps: 2 })),
  dataUpTo: { at: "2015-11-16T06:00:00Z", runId: "r" },
  model: null,
  nights: [],
  needs: [
    {
      kind: "unproven",
      pipeline: "scoring",
      runId: "r",
      at: "2015-11-16T06:00:00Z",
      title: "",
      detail: "",
      remedy: "",
    },
  ],
};
let openNow = overview.open;
const server = new ApiServer(() => ({
  ...{ ...api.ports, version: "1.2.3" },
  overview: async () => ({ ...overview, open: openNow }),
}));
beforeAll(async () => server.start());
afterAll(async () => server.stop());

describe("metrics", () => {
  it("tell pipelines, runs and what needs a person, in the text that Prometheus reads", async () => {
    await api.end(idOf(await api.start({ body: { rerun: true } })), "succeeded");
    api.test.clock.advance(60_000);
    await api.end(idOf(await api.start({ body: { rerun: true } })), "failed");

    const response = await fetch(`${server.url}/api/metrics`);
    const text = await response.text();

    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    for (const line of [
      'batchkeeper_info{version="1.2.3"} 1',
      'batchkeeper_pending_drops{pipeline="scoring"} 7',
      'batchkeeper_open_runs{pipeline="scoring",state="running"} 2',
      'batchkeeper_needs_person{pipeline="scoring",kind="unproven"} 1',
      "batchkeeper_data_up_to_timestamp_seconds 1447653600",
      'batchkeeper_last_run_failed{pipeline="scoring"} 1',
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).toMatch(/^batchkeeper_last_success_timestamp_seconds\{pipeline="scoring"\} \d+(\.\d+)?$/m);
    expect(text).not.toContain('last_run_failed{pipeline="training"}');
  });

  it("tell what waits longest, and what the last run waited, read and was judged", async () => {
    const { ledger, clock } = api.test;
    const at = (seconds: number) => new Date(clock.now() + seconds * 1000).toISOString();
    const now = clock.now() / 1000;
    const drop = { pipeline: "scoring", container: "drops", source: "a", etag: "1", size: 1, lastModified: at(0) };
    await ledger.drops.record({ ...drop, path: "a/old.csv" });
    clock.advance(60_000);
    await ledger.drops.record({ ...drop, path: "a/new.csv" });
    const runId = idOf(await api.start());
    const keys = { runId, step: "ingestion", ordinal: 0, generation: 0, attempt: 1 };
    const { generations } = ledger;
    await generations.intend({ ...keys, job: "j", idempotencyToken: "t", intendedAt: at(0) });
    const known = { schemaVersion: 1, step: "ingestion", runId, status: "ok", reason: null } as const;
    const exit: ExitJson = { ...known, counts: { rowsQuarantined: 3 }, tables: {}, warnings: [], watermark: at(-3600) };
    const verdict = { kind: "failed", cause: "code", code: "RUN_EXECUTION_ERROR", message: "bad" } as const;
    await generations.change(runId, 0, 0, () => ({
      startedAt: at(90),
      endedAt: at(120),
      verdict,
      exit,
      terminal: true,
    }));
    await api.end(runId, "failed");
    const open = idOf(await api.start({ body: { rerun: true } }));
    openNow = [{ runId: open, pipeline: "scoring", state: "requested", step: null, stepNumber: 0, steps: 1 }];

    const text = await (await fetch(`${server.url}/api/metrics`)).text();

    for (const line of [
      `batchkeeper_oldest_pending_drop_timestamp_seconds{pipeline="scoring"} ${now}`,
      `batchkeeper_oldest_open_run_timestamp_seconds{pipeline="scoring"} ${now + 60}`,
      'batchkeeper_last_run_wait_seconds{pipeline="scoring"} 90',
      'batchkeeper_last_run_quarantined_rows{pipeline="scoring"} 3',
      'batchkeeper_last_run_lateness_seconds{pipeline="scoring"} 3600',
      'batchkeeper_last_run_verdicts{pipeline="scoring",verdict="code"} 1',
    ])
      expect(text).toContain(`${line}\n`);
  });

  it("escape what a label may hold", () => {
    const samples = [{ labels: { pipeline: 'a"b\\c\nd' }, value: 1 }];

    expect(exposition([{ name: "x", help: "y", samples }])).toContain('x{pipeline="a\\"b\\\\c\\nd"} 1\n');
  });
});
