import { addressOf, has } from "../../api/client";
import { useResource, type Loaded } from "../../api/resource";
import type { Evidence, Predictions } from "../../api/types";
import { href, place } from "../../app/router";
import { Top } from "../../app/shell";
import { Pill } from "../../ui/pill";
import { Empty, Shown } from "../../ui/states";
import { Time } from "../../ui/time";
import { percent } from "../../ui/words";
import { fatesOf } from "./afterwards";
import { ChanceChart } from "./chance-chart";
import { DaysBefore } from "./days-before";
import { Fates } from "./fates";

/** One machine, or whatever the scenario watches: its chances over time per part, and why. */
export function EntityPage({ pipeline, entity }: { pipeline: string; entity: string }) {
  const path = { pipeline, entity };
  const history = useResource<Predictions>(addressOf("entityPredictions", { path }));
  const evidence = useResource<Evidence>(has("entityEvidence") ? addressOf("entityEvidence", { path }) : null);
  return (
    <>
      <Top title={`${entity} · risk`} />
      {history.problem?.status === 404 ? (
        <Empty title={`Nothing was predicted of ${entity}`}>
          <a href={href("risk")}>Back to all</a>
        </Empty>
      ) : (
        <Shown of={history}>{({ value }) => <Body points={value} entity={entity} evidence={evidence} />}</Shown>
      )}
    </>
  );
}

type Point = Predictions["value"][number];

interface BodyProps {
  readonly points: readonly Point[];
  readonly entity: string;
  readonly evidence: Loaded<Evidence>;
}

function Body({ points, entity, evidence }: BodyProps) {
  const horizons = [...new Set(points.map(({ horizonHours }) => horizonHours))].sort((a, b) => a - b);
  const wanted = parseInt(place.value.query.get("within") ?? "");
  const horizon = horizons.includes(wanted) ? wanted : (horizons[Math.floor(horizons.length / 2)] ?? 0);
  const shown = points.filter(({ horizonHours }) => horizonHours === horizon);
  const last = shown.at(-1)?.asOf;
  const latest = shown.filter(({ asOf }) => asOf === last).sort((a, b) => b.probability - a.probability);
  return (
    <div class="stack">
      <nav class="filters" aria-label="Horizon">
        {horizons.map((hours) => (
          <a
            key={hours}
            class={hours === horizon ? "btn primary" : "btn"}
            aria-current={hours === horizon ? "true" : undefined}
            href={href(`risk/${encodeURIComponent(entity)}`, { within: `${hours}h` })}
          >
            within {hours} h
          </a>
        ))}
      </nav>
      <section class="card">
        <h2>Chance to fail within {horizon} h, over time</h2>
        <ChanceChart points={shown} failures={evidence.data?.afterwards.failures ?? []} />
      </section>
      <section class="card">
        <h2>{last ? [`At the latest point, `, <Time at={last} />] : "No point"}</h2>
        <ul class="needs">
          {latest.map(({ target, probability, threshold, alert, reasons, note, modelVersion, runId }) => (
            <li class="need" key={target}>
              {alert ? <Pill tone="bad">alert</Pill> : <Pill tone="idle">below</Pill>}
              <p>
                <b>{target}</b> {percent(probability)}
                <small>
                  {[...reasons, note].filter(Boolean).join("; ") || "no reason stands out"} · alert from{" "}
                  {percent(threshold)}
                </small>
              </p>
              <a class="small" href={href(`runs/${runId}`)}>
                version {modelVersion}
              </a>
            </li>
          ))}
        </ul>
      </section>
      {has("entityEvidence") && (
        <Shown of={evidence}>
          {({ before, afterwards }) => (
            <>
              {before ? <DaysBefore before={before} failures={afterwards.failures} /> : <NothingKept />}
              <Fates fates={fatesOf(shown, horizon, afterwards)} horizon={horizon} known={afterwards.known} />
            </>
          )}
        </Shown>
      )}
    </div>
  );
}

const NothingKept = () => (
  <section class="card">
    <Empty title="The readings of the days before were not kept">
      Scoring keeps them of those that are most likely to fail. This one was not among them in the newest runs, or an
      earlier version scored it.
    </Empty>
  </section>
);
