import type { Overview } from "../../api/types";
import { go, href } from "../../app/router";
import { Legend, seriesFill } from "../../ui/legend";
import { timeText } from "../../ui/time";
import { span } from "../../ui/words";

type Night = Overview["nights"][number];

const HEIGHT = 190;
const GAP = 0.22;
/** Share of the width for the columns; the rest is for the minutes at the lines. */
const COLUMNS = 88;
/** Lines stand at whole minutes. */
const STEPS_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 240];

/** Runs as stacked minutes by step, oldest first; one is a link to its run. A failed one has a sign above it, not only a colour. */
export function Nights({ nights }: { nights: readonly Night[] }) {
  const longest = Math.max(60, ...nights.map(total));
  const every = (STEPS_MINUTES.find((minutes) => longest / 60 / minutes <= 4) ?? 480) * 60;
  const most = Math.ceil(longest / every) * every;
  const lines = Array.from({ length: Math.round(most / every) }, (_, index) => (index + 1) * every);
  const steps = [...new Set(nights.flatMap((night) => night.steps.map(({ name }) => name)))];
  const width = COLUMNS / Math.max(nights.length, 12);
  const [first, last] = [nights[0], nights.at(-1)];
  return (
    <>
      <svg class="chart nights" height={HEIGHT + 44} role="group" aria-label="Runs, minutes by step">
        {lines.map((seconds) => (
          <g key={seconds}>
            <line class="rule" x1="0" x2="100%" y1={top(seconds / most)} y2={top(seconds / most)} />
            <text x="100%" y={top(seconds / most) + 14} text-anchor="end">
              {span(seconds)}
            </text>
          </g>
        ))}
        {nights.map((night, index) => (
          <Column
            key={night.runId}
            night={night}
            x={index * width}
            width={width * (1 - GAP)}
            most={most}
            steps={steps}
          />
        ))}
        <line class="rule" x1="0" x2="100%" y1={top(0)} y2={top(0)} />
        <text x="0" y={HEIGHT + 40}>
          {first && timeText(first.createdAt, "day")}
        </text>
        <text x={`${COLUMNS}%`} y={HEIGHT + 40} text-anchor="end">
          {last && timeText(last.createdAt, "day")}
        </text>
      </svg>
      <Legend
        entries={[
          ["wait", "waiting for a cluster"],
          ...steps.map((name, index) => [seriesFill(index), name] as const),
          ["bad", "▲ failed"],
        ]}
      />
    </>
  );
}

const top = (share: number): number => 20 + HEIGHT * (1 - share);
const total = ({ waitSeconds, steps }: Night): number =>
  waitSeconds + steps.reduce((sum, { seconds }) => sum + seconds, 0);

interface ColumnProps {
  readonly night: Night;
  readonly x: number;
  readonly width: number;
  readonly most: number;
  readonly steps: readonly string[];
}

function Column({ night, x, width, most, steps }: ColumnProps) {
  let base = 0;
  const part = (seconds: number, fill: string) => {
    const from = base;
    base += seconds / most;
    return { from, share: seconds / most, fill };
  };
  const parts = [
    part(night.waitSeconds, "wait"),
    ...night.steps.map(({ name, seconds, failed }) => part(seconds, failed ? "bad" : seriesFill(steps.indexOf(name)))),
  ];
  const failed = night.state === "failed";
  const told = `${timeText(night.createdAt)}, ${night.state.replaceAll("_", " ")}, ${span(total(night))}${night.failedStep ? `, in ${night.failedStep}` : ""}`;
  const address = href(`runs/${night.runId}`);
  return (
    <a href={address} aria-label={told} onClick={(event) => (event.preventDefault(), go(address))}>
      <title>{told}</title>
      <rect x={`${x}%`} y="0" width={`${width}%`} height={HEIGHT + 20} fill="transparent" />
      {parts.map(({ from, share, fill }, index) => (
        <rect
          key={index}
          class={`f-${fill}`}
          x={`${x}%`}
          width={`${width}%`}
          y={top(from + share)}
          height={Math.max(0, share * HEIGHT)}
        />
      ))}
      {failed && (
        <text x={`${x + width / 2}%`} y={top(base) - 5} text-anchor="middle" class="sign">
          ▲
        </text>
      )}
    </a>
  );
}
