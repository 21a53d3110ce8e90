import type { Evidence } from "../../api/types";
import { Pill } from "../../ui/pill";
import { Time, timeText } from "../../ui/time";
import { deviation, rangeOf, short, stretches, told, type Before, type Mark, type Sensor } from "./sensors";

const HEIGHT = 96;
const WIDTH = 1000;

const KINDS = {
  event: { tone: "warn", word: "event", sign: "◆" },
  maintenance: { tone: "run", word: "maintenance", sign: "●" },
  failure: { tone: "bad", word: "failure", sign: "▲" },
} as const;

/** The readings of the days before a point with the own normal as a band, and what happened in these days. */
export function DaysBefore({ before, failures }: { before: Before } & Pick<Evidence["afterwards"], "failures">) {
  const [from, to] = [Date.parse(before.from), Date.parse(before.asOf)];
  const share = (at: string) => (Date.parse(at) - from) / (to - from);
  const failed = failures
    .filter(({ at }) => Date.parse(at) > from && Date.parse(at) <= to)
    .map(({ target, at }): Mark => ({ kind: "failure", name: target, at }));
  const marks = [...before.marks, ...failed].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const far = before.values.toSorted(
    (a, b) => Math.abs(deviation(b, before.stepSeconds)) - Math.abs(deviation(a, before.stepSeconds)),
  );
  return (
    <section class="card">
      <h2>
        The days before <Time at={before.asOf} />, and what is normal for it
      </h2>
      <div class="grid c2 sensors">
        {far.map((sensor) => (
          <figure key={sensor.name}>
            <figcaption>
              <b>{sensor.name}</b> <span class="soft small">{told(sensor, before.stepSeconds)}</span>
            </figcaption>
            <SensorChart sensor={sensor} marks={marks} share={share} step={before.stepSeconds} />
            <p class="ticks" aria-hidden="true">
              <span>{timeText(from)}</span>
              <span>{timeText(to)}</span>
            </p>
          </figure>
        ))}
      </div>
      <ul class="legend">
        <li>
          <svg aria-hidden="true">
            <rect class="band" width="10" height="10" rx="3" />
          </svg>
          its own normal, mean ± 2 sd
        </li>
        {Object.values(KINDS).map(({ word, sign, tone }) => (
          <li key={word}>
            <i class={`sign ${tone}`} aria-hidden="true">
              {sign}
            </i>{" "}
            {word}
          </li>
        ))}
      </ul>
      <Happened marks={marks} />
    </section>
  );
}

interface ChartProps {
  readonly sensor: Sensor;
  readonly marks: readonly Mark[];
  /** Where a time lies between the first and the last. */
  readonly share: (at: string) => number;
  readonly step: number;
}

function SensorChart({ sensor, marks, share, step }: ChartProps) {
  const [low, high] = rangeOf(sensor);
  const y = (value: number) => HEIGHT * (1 - (value - low) / (high - low));
  const x = (place: number) => ((place + 0.5) / Math.max(1, sensor.points.length)) * WIDTH;
  const { mean, sd } = sensor;
  return (
    <div class="plot">
      <svg
        class="chart"
        height={HEIGHT}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${sensor.name}: ${told(sensor, step)}`}
      >
        {mean !== null && sd !== null && (
          <rect
            class="band"
            x="0"
            width={WIDTH}
            y={y(mean + 2 * sd)}
            height={Math.max(1, y(mean - 2 * sd) - y(mean + 2 * sd))}
          />
        )}
        {mean !== null && <line class="thin normal" x1="0" x2={WIDTH} y1={y(mean)} y2={y(mean)} />}
        {marks.map(({ at, kind, name }) => (
          <line
            key={`${at}${kind}${name}`}
            class={`thin m-${KINDS[kind].tone}`}
            x1={share(at) * WIDTH}
            x2={share(at) * WIDTH}
            y1="0"
            y2={HEIGHT}
          />
        ))}
        {stretches(sensor.points).map((stretch) =>
          stretch.length === 1 ? (
            <line
              key={stretch[0]?.[0]}
              class="dot l-ink"
              x1={x(stretch[0]?.[0] ?? 0)}
              x2={x(stretch[0]?.[0] ?? 0)}
              y1={y(stretch[0]?.[1] ?? 0)}
              y2={y(stretch[0]?.[1] ?? 0)}
            />
          ) : (
            <polyline
              key={stretch[0]?.[0]}
              class="thin l-ink"
              points={stretch.map(([place, value]) => `${x(place)},${y(value)}`).join(" ")}
            />
          ),
        )}
      </svg>
      <ol class="scale" aria-hidden="true">
        {[high, (low + high) / 2, low].map((value) => (
          <li key={value}>{short(value)}</li>
        ))}
      </ol>
    </div>
  );
}

/** In words, since a line in a chart says neither what it was nor when. */
function Happened({ marks }: { marks: readonly Mark[] }) {
  if (marks.length === 0) return <p class="soft small">No event, maintenance or failure in these days.</p>;
  return (
    <ul class="marks" aria-label="What happened in these days">
      {marks.map(({ at, kind, name }) => (
        <li key={`${at}${kind}${name}`}>
          <Pill tone={KINDS[kind].tone}>{name}</Pill>
          <span class="soft small">
            {KINDS[kind].word}, <Time at={at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
