import type { GenerationRecord } from "../../domain/generation";
import { isClosed } from "../../domain/run";
import type { RunRequests } from "../../ledger/run-requests";
import type { OverviewView } from "../overview/schemas";
import type { ApiPorts } from "../ports";
import { answer, operation } from "../registry/operation";
import { exposition, type Gauge } from "./exposition";

const metrics = operation({
  id: "metrics",
  summary: "Tell figures of this moment as Prometheus reads them",
  http: { method: "GET", path: "metrics" },
  onlyHttp: "Prometheus reads it; people have the overview",
  access: "reader",
  readOnly: true,
  answers: { 200: { description: "Text format, version 0.0.4", contentType: "text/plain" } },
  problems: [],
  async run(_call, { overview, runs, version }: Pick<ApiPorts, "overview" | "runs" | "version">) {
    const view = await overview();
    const gauges = [gaugesOf(view, version), await lastRuns(runs), await oldest(view, runs)].flat();
    return answer(200, exposition(gauges));
  },
});

const secondsOf = (time: string): number => Date.parse(time) / 1000;

function gaugesOf({ pipelines, open, dataUpTo, needs }: OverviewView, version: string): Gauge[] {
  const count = <T>(items: readonly T[], labelsOf: (item: T) => Record<string, string>) => {
    const counts = new Map<string, { labels: Record<string, string>; value: number }>();
    for (const item of items) {
      const labels = labelsOf(item);
      const key = JSON.stringify(labels);
      counts.set(key, { labels, value: (counts.get(key)?.value ?? 0) + 1 });
    }
    return [...counts.values()];
  };
  return [
    { name: "batchkeeper_info", help: "The version that runs.", samples: [{ labels: { version }, value: 1 }] },
    {
      name: "batchkeeper_pending_drops",
      help: "Drops that wait for a batch, as far as they are counted.",
      samples: pipelines.map(({ name, pendingDrops }) => ({ labels: { pipeline: name }, value: pendingDrops })),
    },
    {
      name: "batchkeeper_open_runs",
      help: "Runs that are not over.",
      samples: count(open, ({ pipeline, state }) => ({ pipeline, state })),
    },
    {
      name: "batchkeeper_needs_person",
      help: "Things that only a person can settle.",
      samples: count(needs, ({ pipeline, kind }) => ({ pipeline, kind })),
    },
    {
      name: "batchkeeper_data_up_to_timestamp_seconds",
      help: "The newest watermark that a step told.",
      samples: dataUpTo ? [{ value: secondsOf(dataUpTo.at) }] : [],
    },
  ];
}

/** What the newest runs of each pipeline say: whether it failed, how long it took, and when one succeeded last. */
async function lastRuns(runs: RunRequests): Promise<Gauge[]> {
  const each = await Promise.all(
    (await runs.pipelines()).map(async (pipeline) => {
      const [newest, succeeded] = await Promise.all([
        runs.listRuns({ pipeline, top: 10 }),
        runs.listRuns({ pipeline, state: "succeeded", top: 1 }),
      ]);
      const last = newest.items.find(({ state }) => isClosed(state));
      const steps = last === undefined ? [] : ((await runs.getRun(last.runId))?.steps ?? []);
      const databricksRuns = steps.flatMap(({ generations }) => generations);
      return { pipeline, last, databricksRuns, success: succeeded.items[0] };
    }),
  );
  const samples = (valueOf: (one: (typeof each)[number]) => number | null) =>
    each.flatMap((one) => {
      const value = valueOf(one);
      return value === null ? [] : [{ labels: { pipeline: one.pipeline }, value }];
    });
  return [
    {
      name: "batchkeeper_last_run_failed",
      help: "1 when the last run that is over failed.",
      samples: samples(({ last }) => (last ? Number(last.state === "failed") : null)),
    },
    {
      name: "batchkeeper_last_run_duration_seconds",
      help: "How long the last run that is over took.",
      samples: samples(({ last }) =>
        last?.startedAt && last.endedAt ? secondsOf(last.endedAt) - secondsOf(last.startedAt) : null,
      ),
    },
    {
      name: "batchkeeper_last_run_wait_seconds",
      help: "How long the Databricks runs of the last run that is over waited to begin, such as for a cluster.",
      samples: samples(({ last, databricksRuns }) => (last ? sum(databricksRuns.map(waitOf)) : null)),
    },
    {
      name: "batchkeeper_last_run_quarantined_rows",
      help: "Rows that the last run that is over set aside.",
      samples: samples(({ last, databricksRuns }) =>
        last ? sum(databricksRuns.map(({ exit }) => exit?.counts["rowsQuarantined"] ?? 0)) : null,
      ),
    },
    {
      name: "batchkeeper_last_run_lateness_seconds",
      help: "How far the data were behind the end of the last run that is over.",
      samples: samples(({ last, databricksRuns }) => {
        const watermark = databricksRuns.findLast(({ exit }) => exit?.watermark)?.exit?.watermark;
        return last?.endedAt && watermark ? secondsOf(last.endedAt) - secondsOf(watermark) : null;
      }),
    },
    {
      name: "batchkeeper_last_run_verdicts",
      help: "Databricks runs of the last run that is over, by verdict.",
      samples: each.flatMap(({ pipeline, databricksRuns }) =>
        Object.entries(Object.groupBy(databricksRuns, ({ verdict }) => verdict?.cause ?? verdict?.kind ?? "none")).map(
          ([verdict, some = []]) => ({ labels: { pipeline, verdict }, value: some.length }),
        ),
      ),
    },
    {
      name: "batchkeeper_last_success_timestamp_seconds",
      help: "When a run succeeded last.",
      samples: samples(({ success }) => (success?.endedAt ? secondsOf(success.endedAt) : null)),
    },
  ];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const waitOf = ({ intendedAt, startedAt }: GenerationRecord): number =>
  startedAt === null || intendedAt === "" ? 0 : Math.max(0, secondsOf(startedAt) - secondsOf(intendedAt));

/** Since when the oldest of what waits has waited. */
async function oldest({ pipelines, open }: OverviewView, runs: RunRequests): Promise<Gauge[]> {
  const waiting = await Promise.all(
    pipelines
      .filter(({ pendingDrops }) => pendingDrops > 0)
      .map(async ({ name }) => ({
        name,
        drop: (await runs.listDrops({ pipeline: name, state: "pending", top: 1 })).items[0],
      })),
  );
  const asked = await Promise.all(open.map(async ({ runId }) => runs.getRun(runId)));
  const since = new Map<string, string>();
  for (const run of asked) {
    const known = since.get(run?.pipeline ?? "");
    if (run && (known === undefined || run.requestedAt < known)) since.set(run.pipeline, run.requestedAt);
  }
  return [
    {
      name: "batchkeeper_oldest_pending_drop_timestamp_seconds",
      help: "When the drop was seen that waits longest.",
      samples: waiting.flatMap(({ name, drop }) =>
        drop ? [{ labels: { pipeline: name }, value: secondsOf(drop.seenAt) }] : [],
      ),
    },
    {
      name: "batchkeeper_oldest_open_run_timestamp_seconds",
      help: "When the run was asked for that is open longest.",
      samples: [...since].map(([pipeline, at]) => ({ labels: { pipeline }, value: secondsOf(at) })),
    },
  ];
}

export const METRIC_OPERATIONS = [metrics];
