import type { Generation, Run } from "../../api/types";
import { now } from "../../api/resource";
import { seriesFill } from "../../ui/legend";
import { timeText } from "../../ui/time";
import { span } from "../../ui/words";

interface Bar {
  readonly from: number;
  readonly to: number;
  readonly fill: string;
  readonly text: string;
  readonly title: string;
}

interface Lane {
  readonly name: string;
  readonly bars: readonly Bar[];
  readonly note: string;
}

const at = (time: string | null): number | null => (time === null ? null : Date.parse(time));
/** The least width of a lane beside its name and note, and that of a letter: what does not fit into a bar is left out, not cut. */
const LANE_PX = 640;
const LETTER_PX = 6.6;
const LEAST_SHARE = 0.004;
const TICKS = 4;

/** Slot, claim and freeze, and each Databricks run of each step, on one axis of time. */
export function Timeline({ run }: { run: Run }) {
  const begin = Date.parse(run.createdAt);
  const end = Math.max(at(run.endedAt) ?? now.value, begin + 1000);
  const lanes = lanesOf(run, end);
  const place = (time: number) => Math.min(1, Math.max(0, (time - begin) / (end - begin)));
  return (
    <figure class="timeline">
      {lanes.map(({ name, bars, note }) => (
        <div class="lane" key={name}>
          <span>{name}</span>
          <svg
            class="chart"
            height="26"
            role="img"
            aria-label={`${name}: ${bars.map(({ title }) => title).join("; ") || note}`}
          >
            {ticks.map((tick) => (
              <line key={tick} class="rule" x1={`${tick * 100}%`} x2={`${tick * 100}%`} y1="0" y2="26" />
            ))}
            {bars.map((bar) => (
              <BarShape key={bar.title} bar={bar} from={place(bar.from)} to={place(bar.to)} />
            ))}
          </svg>
          <span>{note}</span>
        </div>
      ))}
      <div class="lane axis" aria-hidden="true">
        <span />
        <span class="ticks">
          {ticks.map((tick) => (
            <span key={tick}>{timeText(begin + (end - begin) * tick, "clock")}</span>
          ))}
        </span>
        <span />
      </div>
    </figure>
  );
}

const ticks = Array.from({ length: TICKS + 1 }, (_, index) => index / TICKS);

function BarShape({ bar, from, to }: { bar: Bar; from: number; to: number }) {
  const width = Math.max(LEAST_SHARE, to - from);
  const text = [bar.text, bar.text.split(" · ")[0] ?? ""].find((one) => one.length * LETTER_PX + 14 < width * LANE_PX);
  return (
    <svg x={`${Math.min(from, 1 - LEAST_SHARE) * 100}%`} y="4" width={`${width * 100}%`} height="18">
      <title>{bar.title}</title>
      <rect class={`f-${bar.fill}`} width="100%" height="18" rx="4" />
      {text && (
        <text class="inside" x="7" y="13">
          {text}
        </text>
      )}
    </svg>
  );
}

function lanesOf(run: Run, end: number): Lane[] {
  const begin = Date.parse(run.createdAt);
  const started = at(run.startedAt);
  const frozen = at(run.frozenAt);
  const slotEnd = started ?? end;
  const lane = (name: string, from: number, to: number, fill: string): Lane => {
    const note = span((to - from) / 1000);
    return { name, note, bars: [{ from, to, fill, text: "", title: `${name} ${note}` }] };
  };
  const steps = run.steps.map(({ name, state, generations }, index): Lane => {
    const bars = generations.flatMap((generation) => barsOf(generation, index, end));
    const seconds = bars.reduce((sum, bar) => sum + (bar.to - bar.from) / 1000, 0);
    const note =
      bars.length === 0 ? state.replaceAll("_", " ") : state === "running" ? `${span(seconds)} so far` : span(seconds);
    return { name, bars, note };
  });
  return [
    lane("slot", begin, slotEnd, "wait"),
    ...(started === null
      ? []
      : [lane("claim, freeze", started, frozen ?? Math.min(end, firstIntent(run) ?? end), "idle")]),
    ...steps,
  ];
}

const firstIntent = (run: Run): number | null =>
  at(run.steps.flatMap(({ generations }) => generations)[0]?.intendedAt ?? null);

function barsOf(generation: Generation, step: number, end: number): Bar[] {
  const asked = Date.parse(generation.intendedAt);
  const started = at(generation.startedAt);
  const ended = at(generation.endedAt) ?? (generation.verdict ? (started ?? asked) : end);
  const failed = generation.verdict?.kind === "failed";
  const what = `generation ${generation.generation + 1}`;
  const outcome = failed ? (generation.verdict?.code ?? "failed") : rowsOf(generation);
  const text = outcome ? `${what} · ${outcome}` : what;
  const own: Bar = {
    from: started ?? asked,
    to: ended,
    fill: failed ? "bad" : seriesFill(step),
    text: failed ? `▲ ${text}` : text,
    title: `${text}, ${span((ended - (started ?? asked)) / 1000)}`,
  };
  if (started === null || started - asked < 1000) return [own];
  const wait = span((started - asked) / 1000);
  return [{ from: asked, to: started, fill: "wait", text: "", title: `${what} waited ${wait} for its cluster` }, own];
}

function rowsOf({ counts }: Generation): string {
  const rows = counts?.["rowsAccepted"] ?? counts?.["asOfPoints"] ?? counts?.["predictions"];
  const unit = counts?.["rowsAccepted"] === undefined ? "points" : "rows";
  return rows === undefined ? "" : `${rows.toLocaleString("en")} ${unit}`;
}
