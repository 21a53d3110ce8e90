import { addressOf, has } from "../../api/client";
import { now, useResource } from "../../api/resource";
import type { Overview } from "../../api/types";
import type { PageProps } from "../../app/pages";
import { href } from "../../app/router";
import { Top } from "../../app/shell";
import { Deed } from "../../ui/deeds";
import { Kpi } from "../../ui/kpi";
import { Pill } from "../../ui/pill";
import { Empty, Shown } from "../../ui/states";
import { Time } from "../../ui/time";
import { ago, count, number } from "../../ui/words";
import { Fleet } from "../risk/fleet";
import type { Summary } from "../risk/summary";
import { Needs } from "./needs";
import { Nights } from "./nights";

/** Is tonight all right, and what needs me? */
export default function OverviewPage(_props: PageProps) {
  const overview = useResource<Overview>(addressOf("getOverview"));
  const { data } = overview;
  const main = data && mainPipeline(data);
  return (
    <>
      <Top title={data ? titleOf(data) : "Overview"} state={data && <Standing data={data} />}>
        {main && (
          <Deed
            operation="startRun"
            input={{ path: { pipeline: main.name } }}
            label={`Run ${main.name} now`}
            done="The run is asked for"
            ask={{
              title: `Run ${main.name} now?`,
              text: "It takes the drops that wait, and what the tables hold that nothing has scored. The same work is never done twice.",
            }}
            primary
          />
        )}
      </Top>
      <Shown of={overview}>{(shown) => <Body data={shown} />}</Shown>
    </>
  );
}

/** The pipeline whose nights are shown: the one that takes drops, else the first with a schedule. */
export function mainPipeline({ pipelines }: Overview): Overview["pipelines"][number] | undefined {
  return (
    pipelines.find(({ takesDrops }) => takesDrops) ?? pipelines.find(({ nextAt }) => nextAt !== null) ?? pipelines[0]
  );
}

function titleOf(data: Overview): string {
  if (data.open.length > 0) return "A run is on its way";
  if (data.needs.length > 0) return `${count(data.needs.length, "matter")} for you`;
  return data.pipelines.length === 0 ? "No pipeline yet" : "All is well";
}

function Standing({ data }: { data: Overview }) {
  const [open] = data.open;
  if (open)
    return (
      <a href={href(`runs/${open.runId}`)} style={{ textDecoration: "none" }}>
        <Pill tone="run">
          {open.step
            ? `${open.pipeline}: ${open.step}, step ${open.stepNumber} of ${open.steps}`
            : `${open.pipeline}: ${open.state}`}
        </Pill>
      </a>
    );
  return data.needs.length > 0 ? <Pill tone="warn">needs you</Pill> : <Pill tone="good">nothing waits for you</Pill>;
}

function Body({ data }: { data: Overview }) {
  const main = mainPipeline(data);
  const { dataUpTo, model } = data;
  const pending = data.pipelines.reduce((sum, { pendingDrops }) => sum + pendingDrops, 0);
  const isMore = data.pipelines.some(({ morePending }) => morePending);
  return (
    <div class="stack">
      <dl class="grid c4">
        <Kpi
          label="Next night"
          value={main?.nextAt ? ago(main.nextAt, now.value) : "by drops alone"}
          note={main?.nextAt && [<Time at={main.nextAt} />, ` · ${main.name}`]}
        />
        <Kpi
          label="Data up to"
          value={dataUpTo ? <Time at={dataUpTo.at} /> : "nothing yet"}
          note={dataUpTo ? <a href={href(`runs/${dataUpTo.runId}`)}>the run that brought it</a> : "the first run tells"}
        />
        <Kpi
          label="Drops waiting"
          value={<a href={href("drops", { state: "pending" })}>{`${number(pending)}${isMore ? "+" : ""}`}</a>}
          note={pending > 0 ? "join the next batch" : "every file seen is in a batch"}
        />
        <Kpi
          label="Model"
          value={model ? `version ${model.version}` : "none yet"}
          note={model ? `scored ${ago(model.at, now.value)}` : "a run of training makes one"}
        />
      </dl>
      <div class="grid c32">
        <section class="card">
          <h2>
            The last {data.nights.length > 1 ? `${data.nights.length} runs of ${main?.name ?? ""}` : "runs"}, minutes by
            step
          </h2>
          {data.nights.length === 0 ? (
            <Empty title="No run yet">The first one shows here, minute by minute.</Empty>
          ) : (
            <Nights nights={data.nights} />
          )}
        </section>
        <section class="card">
          <h2>Needs you</h2>
          <Needs needs={data.needs} />
        </section>
      </div>
      {model && <MostAtRisk runId={model.runId} />}
    </div>
  );
}

const MOST = 3;

/** The first few of the page of risks, where the run that scored last told of them. */
function MostAtRisk({ runId }: { runId: string }) {
  const address = has("getRunDocument") ? addressOf("getRunDocument", { path: { runId, name: "summary" } }) : null;
  const { data } = useResource<Summary>(address);
  const lists = Object.entries(data?.mostLikelyToFail ?? {});
  const [horizon, entries = []] = lists[Math.floor(lists.length / 2)] ?? [];
  if (!data || entries.length === 0) return null;
  return (
    <section class="card">
      <h2>
        <a href={href("risk", { within: horizon })}>Most likely to fail</a> within {entries[0]?.horizonHours} h of{" "}
        <Time at={data.lastAsOf} />
      </h2>
      <Fleet entries={entries.slice(0, MOST)} />
    </section>
  );
}
