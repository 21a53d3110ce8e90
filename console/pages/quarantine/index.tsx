import { addressOf } from "../../api/client";
import { usePages } from "../../api/pages";
import { useResource } from "../../api/resource";
import type { PipelinePage, QuarantineItem } from "../../api/types";
import type { PageProps } from "../../app/pages";
import { href, place } from "../../app/router";
import { Top } from "../../app/shell";
import { Pill } from "../../ui/pill";
import { Empty, Shown } from "../../ui/states";
import { Time } from "../../ui/time";
import { VirtualRows } from "../../ui/virtual-rows";
import { count, number } from "../../ui/words";
import { ItemPage } from "./item-page";

const KINDS: Readonly<Record<string, string>> = { drop: "whole drop", file: "whole file", rows: "rows" };

const COLUMNS = [
  { name: "What", width: "minmax(112px, .8fr)" },
  { name: "File", width: "minmax(0, 2fr)" },
  { name: "Rule", width: "minmax(90px, 1.4fr)" },
  { name: "Found", width: "minmax(84px, .8fr)", wide: true },
];

/** `quarantine` lists what was refused, `quarantine/<id>` shows one and mends it. */
export default function QuarantinePage({ rest: [id] }: PageProps) {
  return id ? <ItemPage id={id} /> : <List />;
}

function List() {
  const { query } = place.value;
  const pipelines = useResource<PipelinePage>(addressOf("listPipelines"));
  const takers = pipelines.data?.value.filter(({ takesDrops }) => takesDrops).map(({ name }) => name) ?? [];
  const pipeline = query.get("pipeline") ?? takers[0];
  const state = query.get("state") === "decided" ? "decided" : "open";
  return (
    <>
      <Top title="Quarantine" />
      <div class="stack">
        <nav class="filters" aria-label="Quarantine">
          {(["open", "decided"] as const).map((name) => (
            <a
              key={name}
              class={name === state ? "btn primary" : "btn"}
              aria-current={name === state ? "true" : undefined}
              href={href("quarantine", { pipeline: query.get("pipeline"), state: name === "open" ? null : name })}
            >
              {name === "open" ? "Waits for a person" : "Decided"}
            </a>
          ))}
        </nav>
        {pipeline && <Items pipeline={pipeline} state={state} />}
      </div>
    </>
  );
}

function Items({ pipeline, state }: { pipeline: string; state: "open" | "decided" }) {
  const query = { state, top: 100 };
  const items = usePages<QuarantineItem>(addressOf("listQuarantine", { path: { pipeline }, query }), ({ id }) => id);
  return (
    <section class="card">
      <Shown of={items}>
        {(shown) =>
          shown.length === 0 ? (
            <Empty title={state === "open" ? "Nothing was refused" : "Nothing was decided yet"}>
              Rows that break a rule, files that cannot be read and drops that no run could take stand here.
            </Empty>
          ) : (
            <VirtualRows
              label="Quarantine, newest first"
              columns={COLUMNS}
              items={shown}
              keyOf={({ id }) => id}
              cells={cells}
              more={items.more}
            />
          )
        }
      </Shown>
    </section>
  );
}

function cells(item: QuarantineItem) {
  const what = item.kind === "rows" ? count(item.rows, "row") : (KINDS[item.kind] ?? item.kind);
  return [
    item.decision ? (
      <Pill tone={item.decision.kind === "released" ? "good" : "idle"}>{item.decision.kind}</Pill>
    ) : (
      <Pill tone="warn">{what}</Pill>
    ),
    <a class="mono" href={href(`quarantine/${encodeURIComponent(item.id)}`)} title={item.path}>
      {item.path}
    </a>,
    <span title={item.reason}>{item.reason}</span>,
    <span class="small">
      <Time at={item.foundAt} />
    </span>,
  ];
}

/** `3 rows of telemetry`. */
export const titleOf = ({ kind, rows, source }: QuarantineItem): string =>
  kind === "rows" ? `${number(rows)} rows of ${source}` : `A ${KINDS[kind] ?? kind} of ${source}`;
