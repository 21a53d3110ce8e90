import type { Evidence, Predictions } from "../../api/types";
import { Legend, seriesFill } from "../../ui/legend";
import { timeText } from "../../ui/time";
import { percent } from "../../ui/words";

type Point = Predictions["value"][number];

const HEIGHT = 200;
const WIDTH = 1000;
const LINES = [0, 0.25, 0.5, 0.75, 1];

/** A line a part; points over their threshold are marked, as are failures, and each tells itself in words. */
export function ChanceChart({
  points,
  failures,
}: { points: readonly Point[] } & Pick<Evidence["afterwards"], "failures">) {
  const times = points.map(({ asOf }) => Date.parse(asOf));
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const x = (asOf: string) => (to === from ? WIDTH / 2 : ((Date.parse(asOf) - from) / (to - from)) * WIDTH);
  const y = (share: number) => HEIGHT * (1 - share);
  const inside = failures.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) <= to);
  const targets = [...new Set(points.map(({ target }) => target))].sort();
  return (
    <>
      <div class="plot">
        <svg
          class="chart"
          height={HEIGHT}
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={told(points)}
        >
          {LINES.map((share) => (
            <line key={share} class="rule thin" x1="0" x2={WIDTH} y1={y(share)} y2={y(share)} />
          ))}
          {inside.map(({ target, at }) => (
            <line key={`${target}${at}`} class="thin m-bad" x1={x(at)} x2={x(at)} y1="0" y2={HEIGHT}>
              <title>{`${timeText(at)}: ${target} failed`}</title>
            </line>
          ))}
          {targets.map((target, index) => {
            const own = points.filter((point) => point.target === target);
            return (
              <g key={target}>
                <polyline
                  class={`thin l-${seriesFill(index)}`}
                  points={own.map(({ asOf, probability }) => `${x(asOf)},${y(probability)}`).join(" ")}
                />
                {own.map((point) => (
                  <line
                    key={point.asOf}
                    class={point.alert ? "dot alert" : `dot l-${seriesFill(index)}`}
                    x1={x(point.asOf)}
                    x2={x(point.asOf)}
                    y1={y(point.probability)}
                    y2={y(point.probability)}
                  >
                    <title>{`${timeText(point.asOf)}: ${target} ${percent(point.probability)}, alert from ${percent(point.threshold)}`}</title>
                  </line>
                ))}
              </g>
            );
          })}
        </svg>
        <ol class="scale" aria-hidden="true">
          {LINES.toReversed().map((share) => (
            <li key={share}>{share * 100} %</li>
          ))}
        </ol>
      </div>
      <p class="ticks" aria-hidden="true">
        <span>{timeText(from)}</span>
        <span>{timeText(to)}</span>
      </p>
      <Legend
        entries={[
          ...targets.map((target, index) => [seriesFill(index), target] as const),
          ["bad", "▲ over its threshold"],
          ...(inside.length > 0 ? [["bad", "│ failed"] as const] : []),
        ]}
      />
    </>
  );
}

function told(points: readonly Point[]): string {
  const highest = points.toSorted((a, b) => b.probability - a.probability)[0];
  if (!highest) return "No points";
  return `${points.length} points; the highest is ${highest.target} with ${percent(highest.probability)} at ${timeText(highest.asOf)}`;
}
