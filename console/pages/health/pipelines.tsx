import { addressOf, has } from "../../api/client";
import { now, useResource } from "../../api/resource";
import type { PipelinePage, PipelineStatus } from "../../api/types";
import { href } from "../../app/router";
import { Deed } from "../../ui/deeds";
import { Pill } from "../../ui/pill";
import { Empty, Shown } from "../../ui/states";
import { Time } from "../../ui/time";
import { ago, count } from "../../ui/words";

/** Each pipeline: whether it starts by itself, and what waits for that. */
export function Pipelines() {
  const pipelines = useResource<PipelinePage>(addressOf("listPipelines"));
  if (!has("getPipelineStatus")) return null;
  return (
    <section class="card">
      <h2>Pipelines</h2>
      <Shown of={pipelines}>
        {({ value }) =>
          value.length === 0 ? (
            <Empty title="No pipeline">Definitions lie in pipelines/.</Empty>
          ) : (
            <ul class="needs">
              {value.map(({ name }) => (
                <Pipeline key={name} name={name} />
              ))}
            </ul>
          )
        }
      </Shown>
    </section>
  );
}

function Pipeline({ name }: { name: string }) {
  const status = useResource<PipelineStatus>(addressOf("getPipelineStatus", { path: { pipeline: name } }));
  return (
    <li class="need">
      {status.data === undefined ? (
        <Pill tone="idle">looking</Pill>
      ) : status.data.pause ? (
        <Pill tone="warn">paused</Pill>
      ) : (
        <Pill tone="good">starts by itself</Pill>
      )}
      <div>
        <a href={href("runs", { pipeline: name })}>{name}</a>
        <Shown of={status}>{(data) => <Waiting status={data} />}</Shown>
      </div>
      {status.data && (
        <div class="actions">
          {status.data.heldCatchUp && <CatchUp name={name} />}
          <PauseOrResume name={name} paused={status.data.pause !== null} />
        </div>
      )}
    </li>
  );
}

function Waiting({ status: { pause, nextRunAt, waiting } }: { status: PipelineStatus }) {
  const waits = [
    waiting.drops && count(waiting.drops, "drop"),
    waiting.unfinishedBlobs && `${count(waiting.unfinishedBlobs, "file")} still being written`,
    waiting.occurrences && count(waiting.occurrences, "missed occurrence"),
    waiting.retakes && `${count(waiting.retakes, "batch", "batches")} of failed runs`,
    waiting.runs && `${count(waiting.runs, "run")} without a slot`,
  ].filter(Boolean);
  return (
    <small>
      {pause && (
        <>
          since <Time at={pause.at} />: {pause.reason} ·{" "}
        </>
      )}
      {nextRunAt && `next ${ago(nextRunAt, now.value)} · `}
      {waits.length > 0 ? `waiting: ${waits.join(", ")}` : "nothing waits"}
    </small>
  );
}

/** Missed more than the definition lets pass: a person decides whether one run covers them. */
function CatchUp({ name }: { name: string }) {
  const input = (approve: boolean) => ({ path: { pipeline: name }, body: { approve } });
  return (
    <>
      <Deed
        operation="decideCatchUp"
        input={input(false)}
        label="Let them go"
        why
        done="Nothing runs for what was missed"
        ask={{ title: "Run nothing for what was missed?", text: "The missed occurrences are dismissed." }}
      />
      <Deed
        operation="decideCatchUp"
        input={input(true)}
        label="Catch up"
        why
        primary
        done="One run covers what was missed"
        ask={{ title: "Catch up?", text: "One run covers all missed occurrences." }}
      />
    </>
  );
}

function PauseOrResume({ name, paused }: { name: string; paused: boolean }) {
  const path = { pipeline: name };
  return paused ? (
    <Deed
      operation="resumePipeline"
      input={{ path }}
      label="Resume"
      why
      primary
      done={`${name} starts by itself again`}
      ask={{
        title: `Resume ${name}?`,
        text: "Pending drops are collected at once, and one run is asked for what the schedule missed.",
      }}
    />
  ) : (
    <Deed
      operation="pausePipeline"
      input={{ path }}
      label="Pause"
      why
      done={`${name} is paused`}
      ask={{
        title: `Pause ${name}?`,
        text: "Schedule, drops and catch-up start no run until it is resumed. Drops are still recorded; open runs go on.",
      }}
    />
  );
}
