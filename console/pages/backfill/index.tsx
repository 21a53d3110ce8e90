import { useState } from "preact/hooks";
import { addressOf, ApiProblem, may, read } from "../../api/client";
import { useResource } from "../../api/resource";
import type { BackfillPlan, Backfills, PipelinePage } from "../../api/types";
import type { PageProps } from "../../app/pages";
import { place, setQuery } from "../../app/router";
import { Top } from "../../app/shell";
import { ProblemNotice, Shown } from "../../ui/states";
import { PlanCard } from "./plan-card";
import { Progress } from "./progress";

/** What is asked for, as it stands in the address. */
export interface Asked {
  readonly pipeline: string;
  readonly from: string;
  readonly to: string;
  readonly windowHours: string;
  readonly reprocess: string;
}

const REPROCESS: readonly (readonly [value: string, name: string])[] = [
  ["none", "only what no run was made for"],
  ["failed", "also what failed"],
  ["completed", "all of it again"],
];

/** What would happen, and then: let it. */
export default function BackfillPage(_props: PageProps) {
  const pipelines = useResource<PipelinePage>(addressOf("listPipelines"));
  return (
    <>
      <Top title="Backfill" />
      <Shown of={pipelines}>
        {({ value }) => (
          <Body
            names={value.map(({ name }) => name)}
            takers={value.filter(({ takesDrops }) => takesDrops).map(({ name }) => name)}
          />
        )}
      </Shown>
    </>
  );
}

const DAY_MS = 86_400_000;
const dayBefore = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);

/** A day of the address; null for what is none, such as an emptied field. */
const dayOf = (text: string | null): string | null => (/^\d{4}-\d\d-\d\d$/.test(text ?? "") ? text : null);

function askedOf(query: URLSearchParams, first: string): Asked {
  return {
    pipeline: query.get("pipeline") ?? first,
    from: dayOf(query.get("from")) ?? dayBefore(8),
    to: dayOf(query.get("to")) ?? dayBefore(1),
    windowHours: query.get("hours") ?? "24",
    reprocess: query.get("reprocess") ?? "none",
  };
}

/** A day begins when the night's data are complete. */
export const timesOf = ({ from, to }: Asked): { from: string; to: string } => ({
  from: `${from}T06:00:00Z`,
  to: `${to}T06:00:00Z`,
});

function Body({ names, takers }: { names: readonly string[]; takers: readonly string[] }) {
  const asked = askedOf(place.value.query, takers[0] ?? names[0] ?? "");
  const [plan, setPlan] = useState<BackfillPlan | ApiProblem | null>(null);
  const backfills = useResource<Backfills>(addressOf("listBackfills", { path: { pipeline: asked.pipeline } }));
  const show = async (event: SubmitEvent) => {
    event.preventDefault();
    const { pipeline, windowHours, reprocess } = asked;
    try {
      const query = { ...timesOf(asked), windowHours, reprocess };
      const answer = await read<BackfillPlan>(addressOf("planBackfill", { path: { pipeline }, query }), null);
      if (answer.changed) setPlan(answer.data);
    } catch (error) {
      setPlan(error instanceof ApiProblem ? error : null);
    }
  };
  return (
    <div class="stack">
      <form class="filters card" onSubmit={(event) => void show(event)} onInput={() => setPlan(null)}>
        <label class="field">
          Pipeline
          <select value={asked.pipeline} onChange={(event) => setQuery({ pipeline: event.currentTarget.value })}>
            {names.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label class="field">
          From, 06:00 UTC
          <input
            type="date"
            required
            value={asked.from}
            onInput={(event) => setQuery({ from: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          To, 06:00 UTC
          <input
            type="date"
            required
            value={asked.to}
            onInput={(event) => setQuery({ to: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          Hours a window
          <input
            type="number"
            min="1"
            max="744"
            required
            value={asked.windowHours}
            onInput={(event) => setQuery({ hours: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          Run
          <select value={asked.reprocess} onChange={(event) => setQuery({ reprocess: event.currentTarget.value })}>
            {REPROCESS.map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button class={plan ? "btn" : "btn primary"}>Show what would run</button>
      </form>
      {plan instanceof ApiProblem && <ProblemNotice problem={plan} />}
      {plan !== null && !(plan instanceof ApiProblem) && (
        <PlanCard plan={plan} asked={asked} mayStart={may("startBackfill")} started={() => setPlan(null)} />
      )}
      <Shown of={backfills}>{({ value }) => <Progress backfills={value} />}</Shown>
    </div>
  );
}
