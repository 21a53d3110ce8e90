import type { PageProps } from "../../app/pages";
import { addressOf } from "../../api/client";
import { useResource } from "../../api/resource";
import type { PipelinePage } from "../../api/types";
import { href, place, setQuery } from "../../app/router";
import { Top } from "../../app/shell";
import { Empty, Shown } from "../../ui/states";
import { Funnel } from "./funnel";
import { Drops, OnePath } from "./list";
import { Orphaned } from "./orphaned";
import { Search } from "./search";

/** What became of each file. */
export default function DropsPage(_props: PageProps) {
  const pipelines = useResource<PipelinePage>(addressOf("listPipelines"));
  const takers = pipelines.data?.value.filter(({ takesDrops }) => takesDrops).map(({ name }) => name) ?? [];
  const pipeline = place.value.query.get("pipeline") ?? takers[0];
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
            <Body pipeline={pipeline} takers={takers} />
          )
        }
      </Shown>
    </>
  );
}

const NONE = { find: null, path: null, state: null, run: null };

function Body({ pipeline, takers }: { pipeline: string; takers: readonly string[] }) {
  const { query } = place.value;
  const [find, path, state, runId] = ["find", "path", "state", "run"].map((name) => query.get(name) ?? undefined);
  const asked = { pipeline, state, runId };
  const isDefined = takers.includes(pipeline);
  const names = isDefined ? takers : [pipeline, ...takers];
  const list = () => <Drops asked={asked} contains={find} />;
  return (
    <div class="stack">
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <Search text={path ?? find} autofocus={query.has("search")} />
        {names.length > 1 && (
          <label class="field">
            Pipeline
            <select value={pipeline} onChange={(event) => setQuery({ pipeline: event.currentTarget.value }, "push")}>
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        {(find ?? path ?? state ?? runId) && (
          <button type="button" class="btn" onClick={() => setQuery(NONE, "push")}>
            Show all
          </button>
        )}
      </form>
      {!isDefined && <Orphaned pipeline={pipeline} takers={takers} />}
      <Funnel pipeline={pipeline} state={state} />
      {runId && (
        <p class="soft">
          In the batch of <a href={href(`runs/${runId}`)}>{runId}</a>
        </p>
      )}
      {path ? (
        <OnePath path={path} asked={asked} />
      ) : find && !runId ? (
        <OnePath path={find} asked={asked} otherwise={list} />
      ) : (
        list()
      )}
    </div>
  );
}
