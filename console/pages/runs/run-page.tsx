import { addressOf } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Run } from "../../api/types";
import { href } from "../../app/router";
import { Top } from "../../app/shell";
import { Kpi } from "../../ui/kpi";
import { StatePill } from "../../ui/pill";
import { Shown } from "../../ui/states";
import { Time, timeText } from "../../ui/time";
import { bytes, count, span } from "../../ui/words";
import { Attempts } from "./attempts";
import { BatchCard } from "./batch-card";
import { Deeds } from "./deeds";
import { Failure } from "./failure";
import { Story } from "./story";
import { Timeline } from "./timeline";
import { askedBy } from "./words";

/** One run: where it stands, what it waits for, what happened and why. */
export function RunPage({ runId }: { runId: string }) {
  const run = useResource<Run>(addressOf("getRun", { path: { runId } }));
  const title = run.data ? `${run.data.pipeline} · ${timeText(run.data.createdAt)}` : "Run";
  return (
    <>
      <Top title={title} state={run.data && <StatePill state={run.data.state} />}>
        {run.data && <Deeds run={run.data} />}
      </Top>
      <Shown of={run}>{(data) => <Body run={data} />}</Shown>
    </>
  );
}

function Body({ run }: { run: Run }) {
  return (
    <div class="stack">
      <p class="soft">
        <code>{run.id}</code>
      </p>
      <Facts run={run} />
      <Failure run={run} />
      <section class="card">
        <h2>Timeline</h2>
        <Timeline run={run} />
      </section>
      <div class="grid c32">
        <section class="card">
          <h2>What happened, and why</h2>
          <Story run={run} />
        </section>
        <BatchCard run={run} />
      </div>
      <Attempts run={run} />
    </div>
  );
}

function Facts({ run }: { run: Run }) {
  const { batch } = run;
  return (
    <dl class="grid c4">
      <Kpi label="Asked for" value={askedBy(run)} note={<Time at={run.createdAt} form="second" />} />
      <Kpi
        label="Batch"
        value={run.frozenAt === null ? "not frozen yet" : count(batch.drops, "drop")}
        note={
          run.frozenAt === null
            ? "drops that arrive now still join"
            : [bytes(batch.bytes), ", frozen ", <Time at={run.frozenAt} form="clock" />]
        }
      />
      <Now run={run} />
      <Kpi
        label={run.endedAt ? "Took" : "So far"}
        value={span(secondsSo(run))}
        note={
          run.attempt > 1
            ? `attempt ${run.attempt}`
            : run.window
              ? `window from ${run.window.start}`
              : "by the data: everything new"
        }
      />
    </dl>
  );
}

function secondsSo({ durationSeconds, startedAt, createdAt }: Run): number {
  return durationSeconds ?? (Date.now() - Date.parse(startedAt ?? createdAt)) / 1000;
}

/** What it waits for, or how it ended. */
function Now({ run }: { run: Run }) {
  const current = run.steps.find(({ state }) => state === "running");
  const generation = current?.generations.at(-1);
  if (run.endedAt) {
    const failed = run.steps.find(({ state }) => state === "failed");
    const done = run.steps.filter(({ state }) => state === "succeeded").length;
    return (
      <Kpi
        label="Ended"
        value={<Time at={run.endedAt} />}
        note={failed ? `in ${failed.name}` : `${done} of ${count(run.steps.length, "step")} done`}
      />
    );
  }
  if (run.state === "queued" || run.state === "requested")
    return <Kpi label="Waiting for" value="its slot" note="one run of its concurrency group at a time, in order" />;
  if (!generation) return <Kpi label="Waiting for" value="its batch" note="drops are claimed and frozen" />;
  return (
    <Kpi
      label="Waiting for"
      value={generation.databricksRunId ? <a href={generation.url ?? href("")}>Databricks run</a> : "Databricks"}
      note={
        generation.lastFault ?? `${current?.name ?? ""}, ${(generation.lifeCycleState ?? "asked for").toLowerCase()}`
      }
    />
  );
}
