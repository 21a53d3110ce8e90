import { addressOf } from "../../api/client";
import { usePages } from "../../api/pages";
import type { RunSummary } from "../../api/types";
import { href, place } from "../../app/router";
import { Top } from "../../app/shell";
import { StatePill } from "../../ui/pill";
import { Empty, Seeking, Shown } from "../../ui/states";
import { Time } from "../../ui/time";
import { VirtualRows } from "../../ui/virtual-rows";
import { count, span } from "../../ui/words";
import { Filters, selected } from "./filters";
import { askedBy } from "./words";

const COLUMNS = [
  { name: "State", width: "minmax(112px, .8fr)" },
  { name: "Run", width: "minmax(0, 2.4fr)" },
  { name: "Asked for", width: "minmax(98px, 1.2fr)" },
  { name: "Batch", width: "minmax(60px, .8fr)", wide: true },
  { name: "Took", width: "minmax(60px, .7fr)", wide: true },
];

/** What ran and what runs, newest first. */
export function RunList() {
  const selection = selected(place.value.query);
  const runs = usePages<RunSummary>(addressOf("listRuns", { query: { ...selection, top: 50 } }), ({ id }) => id);
  const isFiltered = Object.values(selection).some((value) => value !== undefined);
  return (
    <>
      <Top title="Runs" />
      <div class="stack">
        <Filters selection={selection} />
        <section class="card">
          <Shown of={runs}>
            {(items) =>
              items.length === 0 && runs.more ? (
                <Seeking more={runs.more} />
              ) : items.length === 0 ? (
                <Empty title="No such run">
                  {isFiltered
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
      <Time at={run.createdAt} /> <span class="soft hide-narrow">{askedBy(run)}</span>
    </span>,
    run.batch.drops > 0 ? count(run.batch.drops, "drop") : <span class="soft">none</span>,
    run.durationSeconds === null ? <span class="soft">…</span> : span(run.durationSeconds),
  ];
}
