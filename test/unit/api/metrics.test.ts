import { exposition } from "../../../src/api/metrics/exposition";
import type { OverviewView } from "../../../src/api/overview/schemas";
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
const server = new ApiServer(() => ({ ...api.ports, version: "1.2.3", overview: async () => overview }));
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

  it("escape what a label may hold", () => {
    const samples = [{ labels: { pipeline: 'a"b\\c\nd' }, value: 1 }];

    expect(exposition([{ name: "x", help: "y", samples }])).toContain('x{pipeline="a\\"b\\\\c\\nd"} 1\n');
  });
});
