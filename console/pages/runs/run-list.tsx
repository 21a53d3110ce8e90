import { addressOf } from "../../api/client";
import { usePages } from "../../api/pages";
import { useResource } from "../../api/resource";
import type { PipelinePage, RunSummary } from "../../api/types";
import { href, place, setQuery } from "../../app/router";
import { Top } from "../../app/shell";
import { StatePill } from "../../ui/pill";
import { Empty, Shown } from "../../ui/states";
import { Time } from "../../ui/time";
import { VirtualRows } from "../../ui/virtual-rows";
import { count, span } from "../../ui/words";
import { Bulk } from "./bulk";
import { askedBy } from "./words";

const STATES = ["requested", "queued", "running", "succeeded", "failed", "cancelled", "not_ready", "nothing_to_do"];

const COLUMNS = [
  { name: "State", width: "minmax(112px, .8fr)" },
  { name: "Run", width: "minmax(0, 2.4fr)" },
  { name: "Asked for", width: "minmax(92px, 1.2fr)" },
  { name: "Batch", width: "minmax(60px, .8fr)", wide: true },
  { name: "Took", width: "minmax(60px, .7fr)", wide: true },
];

/** What ran and what runs, newest first. */
export function RunList() {
  const { query } = place.value;
  const pipeline = query.get("pipeline") ?? undefined;
  const state = query.get("state") ?? undefined;
  const runs = usePages<RunSummary>(addressOf("listRuns", { query: { pipeline, state, top: 100 } }), ({ id }) => id);
  const pipelines = useResource<PipelinePage>(addressOf("listPipelines"));
  return (
    <>
      <Top title="Runs" />
      <div class="stack">
        <form class="filters" onSubmit={(event) => event.preventDefault()}>
          <Choice
            label="Pipeline"
            name="pipeline"
            value={pipeline}
            options={pipelines.data?.value.map(({ name }) => name) ?? []}
          />
          <Choice label="State" name="state" value={state} options={STATES} />
          {(pipeline ?? state) && (
            <button type="button" class="btn" onClick={() => setQuery({ pipeline: null, state: null }, "push")}>
              Show all
            </button>
          )}
          {pipeline && <Bulk selection={{ pipeline, state }} />}
        </form>
        <section class="card">
          <Shown of={runs}>
            {(items) =>
              items.length === 0 ? (
                <Empty title="No such run">
                  {(pipeline ?? state)
                    ? "Nothing fits these filters."
                    : "A run begins when drops arrive, at its schedule, or when somebody asks."}
                </Empty>
              ) : (
                <VirtualRows
                  label="Runs, newest first"
                  columns={COLUMNS}
                  items={items}
                  keyOf={({ id }) => id}
                  cells={cells}
                  more={runs.more}
                />
              )
            }
          </Shown>
        </section>
      </div>
    </>
  );
}

function cells(run: RunSummary) {
  return [
    <StatePill state={run.state} />,
    <>
      <a href={href(`runs/${run.id}`)} title={run.id}>
        {run.pipeline}
      </a>{" "}
      <span class="soft small">{run.error ? run.error.message : run.window ? "asked for a window" : ""}</span>
    </>,
    <span class="small">
      <Time at={run.createdAt} /> <span class="soft">{askedBy(run)}</span>
    </span>,
    run.batch.drops > 0 ? count(run.batch.drops, "drop") : <span class="soft">none</span>,
    run.durationSeconds === null ? <span class="soft">…</span> : span(run.durationSeconds),
  ];
}

function Choice({
  label,
  name,
  value,
  options,
}: {
  label: string;
  name: string;
  value: string | undefined;
  options: readonly string[];
}) {
  return (
    <label class="field">
      {label}
      <select value={value ?? ""} onChange={(event) => setQuery({ [name]: event.currentTarget.value || null }, "push")}>
        <option value="">all</option>
        {options.map((option) => (
          <option key={option} value={option} selected={option === value}>
            {option.replaceAll("_", " ")}
          </option>
        ))}
      </select>
    </label>
  );
}
