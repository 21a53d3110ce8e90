import { Legend, seriesFill } from "../../ui/legend";
import { Empty } from "../../ui/states";
import type { Calibration } from "./documents";

const SIZE = 220;
/** Shares of both axes. */
type Point = readonly [x: number, y: number];

interface Props {
  readonly calibration: readonly Calibration[];
}

/** Observed over predicted share, a line a horizon; a sound model lies on the diagonal. */
export const Reliability = ({ calibration }: Props) => (
  <Square
    label="Observed over predicted share, by horizon"
    axes={["predicted 100 %", "observed"]}
    isDiagonal
    calibration={calibration}
    pointsOf={({ bins }) => bins.map((bin) => [bin["predicted"] ?? 0, bin["observed"] ?? 0])}
  />
);

/** Precision over recall, a line a horizon, with a threshold below each tenth of the chances. */
export const PrecisionRecall = ({ calibration }: Props) => (
  <Square
    label="Precision over recall, by horizon"
    axes={["found 100 %", "right"]}
    calibration={calibration}
    pointsOf={precisionOverRecall}
  />
);

/** The bins hold all rows and how many of them failed: whatever stands above a bin's lower edge would be an alarm. */
export function precisionOverRecall({ bins }: Calibration): Point[] {
  const falling = bins.toSorted((a, b) => (b["predicted"] ?? 0) - (a["predicted"] ?? 0));
  const all = bins.reduce((sum, bin) => sum + positives(bin), 0);
  let [rows, found] = [0, 0];
  return falling.flatMap((bin): Point[] => {
    rows += bin["rows"] ?? 0;
    found += positives(bin);
    return rows > 0 && all > 0 ? [[found / all, found / rows]] : [];
  });
}

const positives = (bin: Calibration["bins"][number]): number => (bin["rows"] ?? 0) * (bin["observed"] ?? 0);

interface SquareProps extends Props {
  readonly label: string;
  readonly axes: readonly [x: string, y: string];
  readonly isDiagonal?: boolean;
  readonly pointsOf: (one: Calibration) => readonly Point[];
}

/** A line a horizon over two shares. */
function Square({ label, axes: [x, y], isDiagonal = false, calibration, pointsOf }: SquareProps) {
  if (calibration.length === 0) return <Empty title="No outcome yet" />;
  return (
    <>
      <svg class="chart curve" viewBox={`-2 -22 ${SIZE + 4} ${SIZE + 44}`} role="img" aria-label={label}>
        <rect class="frame" width={SIZE} height={SIZE} />
        {isDiagonal && <line class="rule" x1="0" y1={SIZE} x2={SIZE} y2="0" />}
        {calibration.map((one, index) => (
          <polyline
            key={index}
            class={`l-${seriesFill(index)}`}
            points={pointsOf(one)
              .map(([across, up]) => `${across * SIZE},${SIZE - up * SIZE}`)
              .join(" ")}
          />
        ))}
        <text x="0" y={SIZE + 16}>
          0
        </text>
        <text x={SIZE} y={SIZE + 16} text-anchor="end">
          {x}
        </text>
        <text x="0" y="-8" class="small">
          {y} 100 %
        </text>
      </svg>
      <Legend
        entries={calibration.map(
          ({ horizon_h: hours, model_version: version }, index) =>
            [seriesFill(index), `${hours} h, version ${version}`] as const,
        )}
      />
    </>
  );
}
