import type { PageProps } from "../../app/pages";
import { addressOf } from "../../api/client";
import { usePages } from "../../api/pages";
import { useResource } from "../../api/resource";
import type { Drop, PipelinePage } from "../../api/types";
import { href, place, setQuery } from "../../app/router";
import { Top } from "../../app/shell";
import { StatePill } from "../../ui/pill";
import { Empty, Shown } from "../../ui/states";
import { Time } from "../../ui/time";
import { VirtualRows } from "../../ui/virtual-rows";
import { bytes } from "../../ui/words";
import { DropStory } from "./drop-story";

const STATES = ["pending", "claimed", "batched", "superseded", "vanished", "quarantined"] as const;
const MEANING: Readonly<Record<string, string>> = {
  pending: "wait for the next batch",
  claimed: "are being frozen",
  batched: "are in a batch",
  superseded: "a newer version came",
  vanished: "gone before the freeze",
  quarantined: "could not be taken",
};
const COLUMNS = [
  { name: "State", width: "minmax(118px, .8fr)" },
  { name: "Path", width: "minmax(0, 2fr)" },
  { name: "Seen", width: "minmax(92px, .8fr)", wide: true },
  { name: "Size", width: "minmax(60px, .5fr)", wide: true },
  { name: "Why", width: "minmax(60px, 1.6fr)", wide: true },
];
/** Asked for once typing has paused for so long. */
const PAUSE_MS = 250;

/** What became of each file. */
export default function DropsPage(_props: PageProps) {
  const { query } = place.value;
  const pipelines = useResource<PipelinePage>(addressOf("listPipelines"));
  const takers = pipelines.data?.value.filter(({ takesDrops }) => takesDrops).map(({ name }) => name) ?? [];
  const pipeline = query.get("pipeline") ?? takers[0];
  return (
    <>
      <Top title="Drops" />
      <Shown of={pipelines}>
        {() =>
          pipeline === undefined ? (
            <Empty title="No pipeline takes drops">
              Add <code>drops</code> to a definition in pipelines/.
            </Empty>
          ) : (
            <Drops pipeline={pipeline} takers={takers} />
          )
        }
      </Shown>
    </>
  );
}

function Drops({ pipeline, takers }: { pipeline: string; takers: readonly string[] }) {
  const { query } = place.value;
  const [path, state, runId] = [
    query.get("path") ?? undefined,
    query.get("state") ?? undefined,
    query.get("run") ?? undefined,
  ];
  return (
    <div class="stack">
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <Search path={path} autofocus={query.has("search")} />
        {takers.length > 1 && (
          <label class="field">
            Pipeline
            <select value={pipeline} onChange={(event) => setQuery({ pipeline: event.currentTarget.value }, "push")}>
              {takers.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        {(path ?? state ?? runId) && (
          <button class="btn" onClick={() => setQuery({ path: null, state: null, run: null }, "push")}>
            Show all
          </button>
        )}
      </form>
      <nav class="funnel" aria-label="States of drops">
        {STATES.map((name) => (
          <a
            key={name}
            href={href("drops", { pipeline, state: name === state ? null : name, run: runId })}
            aria-current={name === state ? "true" : undefined}
          >
            <StatePill state={name} />
            <span class="small soft">{MEANING[name]}</span>
          </a>
        ))}
      </nav>
      {runId && (
        <p class="soft">
          In the batch of <a href={href(`runs/${runId}`)}>{runId}</a>
        </p>
      )}
      <List pipeline={pipeline} path={path} state={state} runId={runId} />
    </div>
  );
}

function Search({ path, autofocus }: { path: string | undefined; autofocus: boolean }) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const type = (text: string) => {
    clearTimeout(timer);
    timer = setTimeout(() => setQuery({ path: text.trim() || null, state: null, run: null, search: null }), PAUSE_MS);
  };
  return (
    <label class="field wide">
      Path of a file
      <input
        data-search
        type="search"
        autofocus={autofocus}
        placeholder="telemetry/2015-11-15.csv.gz"
        value={path ?? ""}
        onInput={(event) => type(event.currentTarget.value)}
      />
    </label>
  );
}

interface ListProps {
  readonly pipeline: string;
  readonly path: string | undefined;
  readonly state: string | undefined;
  readonly runId: string | undefined;
}

function List({ pipeline, path, state, runId }: ListProps) {
  const query = { path, state, runId, top: 100 };
  const drops = usePages<Drop>(
    addressOf("listDrops", { path: { pipeline }, query }),
    ({ path: own, etag }) => own + etag,
  );
  return (
    <Shown of={drops}>
      {(items) =>
        items.length === 0 ? (
          <section class="card">
            <Empty title="No such drop">
              {path
                ? "No version of this path was ever seen. Is it in the container, and does the pattern of the pipeline take it?"
                : "Nothing is in this state."}
            </Empty>
          </section>
        ) : path ? (
          <DropStory path={path} pipeline={pipeline} versions={items} />
        ) : (
          <section class="card">
            <VirtualRows
              label="Drops, oldest first"
              columns={COLUMNS}
              items={items}
              keyOf={({ path: own, etag }) => own + etag}
              cells={(drop) => cells(drop, pipeline)}
              more={drops.more}
            />
          </section>
        )
      }
    </Shown>
  );
}

function cells(drop: Drop, pipeline: string) {
  return [
    <StatePill state={drop.state} />,
    <a class="mono" href={href("drops", { pipeline, path: drop.path })} title={drop.path}>
      {drop.path}
    </a>,
    <span class="small">
      <Time at={drop.seenAt} />
    </span>,
    bytes(drop.size),
    <span class="small soft" title={[drop.reason, drop.remedy].filter(Boolean).join(" ")}>
      {drop.runId ? <a href={href(`runs/${drop.runId}`)}>{drop.reason ?? drop.runId}</a> : drop.reason}
    </span>,
  ];
}
