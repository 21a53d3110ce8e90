import { addressOf } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Overview } from "../../api/types";
import type { PageProps } from "../../app/pages";
import { href, place } from "../../app/router";
import { Top } from "../../app/shell";
import { Kpi } from "../../ui/kpi";
import { Empty, Shown } from "../../ui/states";
import { Time } from "../../ui/time";
import { number, percent } from "../../ui/words";
import { EntityPage } from "./entity-page";
import { Fleet } from "./fleet";
import { subjectOf, type Summary } from "./summary";

/** Which one, why, and how sure: the latest point of the run that scored last. */
export default function RiskPage({ rest: [entity] }: PageProps) {
  const overview = useResource<Overview>(addressOf("getOverview"));
  const runId = overview.data?.model?.runId;
  const pipeline = overview.data?.pipelines.find(({ takesDrops }) => takesDrops)?.name;
  if (entity && pipeline) return <EntityPage pipeline={pipeline} entity={decodeURIComponent(entity)} />;
  return (
    <>
      <Top title="Risk" />
      <Shown of={overview}>
        {() =>
          runId ? (
            <Latest runId={runId} />
          ) : (
            <Empty title="Nothing was scored yet">A run with a model tells who is likely to fail.</Empty>
          )
        }
      </Shown>
    </>
  );
}

function Latest({ runId }: { runId: string }) {
  const summary = useResource<Summary>(addressOf("getRunDocument", { path: { runId, name: "summary" } }));
  if (summary.problem?.status === 404)
    return (
      <Empty title="The run that scored last wrote no summary">
        <a href={href(`runs/${runId}`)}>Look at the run</a>
      </Empty>
    );
  return <Shown of={summary}>{(data) => <Body summary={data} runId={runId} />}</Shown>;
}

function Body({ summary, runId }: { summary: Summary; runId: string }) {
  const horizons = Object.keys(summary.mostLikelyToFail).sort((a, b) => parseInt(a) - parseInt(b));
  const wanted = place.value.query.get("within");
  const horizon = horizons.includes(wanted ?? "") ? (wanted ?? "") : (horizons[Math.floor(horizons.length / 2)] ?? "");
  const entries = summary.mostLikelyToFail[horizon] ?? [];
  return (
    <div class="stack">
      <dl class="grid c4">
        <Kpi
          label="Scored up to"
          value={<Time at={summary.lastAsOf} />}
          note={<a href={href(`runs/${runId}`)}>the run</a>}
        />
        <Kpi
          label="Points scored"
          value={number(summary.asOfPoints)}
          note={`with model version ${summary.model.version}`}
        />
        <Kpi
          label={`Alerts within ${spaced(horizon)}`}
          value={number(summary.alerts[horizon] ?? 0)}
          note="over the threshold, in all points of the run"
        />
        <Kpi
          label="Highest chance"
          value={entries[0] ? percent(entries[0].probability) : "none"}
          note={entries[0] && `${subjectOf(entries[0]).entity}, ${subjectOf(entries[0]).part}`}
        />
      </dl>
      <nav class="filters" aria-label="Horizon">
        {horizons.map((name) => (
          <a
            key={name}
            class={name === horizon ? "btn primary" : "btn"}
            aria-current={name === horizon ? "true" : undefined}
            href={href("risk", { within: name })}
          >
            within {spaced(name)}
          </a>
        ))}
      </nav>
      <section class="card">
        <h2>Most likely to fail within {spaced(horizon)}</h2>
        {entries.length === 0 ? <Empty title="Nobody" /> : <Fleet entries={entries} />}
      </section>
    </div>
  );
}

/** `48h` as `48 h`. */
const spaced = (horizon: string): string => horizon.replace(/(\d)([a-z])/, "$1 $2");
