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
        note={[costOf(run), scopeOf(run)].filter(Boolean).join(" · ")}
      />
    </dl>
  );
}

/** What its Databricks runs have cost. */
function costOf({ cost: { dbuSeconds, databricksSeconds, atLeast } }: Run): string {
  if (databricksSeconds === 0) return "";
  const more = atLeast ? "at least " : "";
  return dbuSeconds > 0
    ? `${more}${(dbuSeconds / 3600).toFixed(2)} DBU`
    : `${more}${span(databricksSeconds)} on Databricks`;
}

const scopeOf = ({ attempt, window }: Run): string =>
  attempt > 1 ? `attempt ${attempt}` : window ? `window from ${window.start}` : "everything new";

function secondsSo({ durationSeconds, startedAt, createdAt }: Run): number {
  return durationSeconds ?? (Date.now() - Date.parse(startedAt ?? createdAt)) / 1000;
}

/** What it waits for and until when, or how it ended. */
function Now({ run }: { run: Run }) {
  const { waiting } = run;
  if (run.endedAt) {
    const failed = run.steps.find(({ state }) => state === "failed");
    const done = run.steps.filter(({ state }) => state === "succeeded").length;
    const note = failed ? `in ${failed.name}` : `${done} of ${count(run.steps.length, "step")} done`;
    return <Kpi label="Ended" value={<Time at={run.endedAt} />} note={note} />;
  }
  if (waiting === null) return <Kpi label="Waiting for" value="nothing" note="it is about to go on" />;
  return (
    <Kpi
      label="Waiting for"
      value={<span class="waits">{waiting.for}</span>}
      note={
        <>
          {waiting.position !== null && `place ${waiting.position} in the queue`}
          {waiting.behind && (
            <>
              {" "}
              behind <a href={href(`runs/${waiting.behind}`)}>another run</a>
            </>
          )}
          {waiting.position === null && `looks within ${span(waiting.nextLookWithinSeconds)}`}
          {waiting.until && (
            <>
              {" "}
              · until <Time at={waiting.until} form="clock" /> at the latest
            </>
          )}
        </>
      }
    />
  );
}
