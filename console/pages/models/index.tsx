import { addressOf } from "../../api/client";
import { useResource } from "../../api/resource";
import type { PipelinePage, Run, RunPage, RunSummary } from "../../api/types";
import type { PageProps } from "../../app/pages";
import { href } from "../../app/router";
import { Top } from "../../app/shell";
import { Pill } from "../../ui/pill";
import { Empty, Shown } from "../../ui/states";
import { Time } from "../../ui/time";
import type { GateDecision, Monitoring } from "./documents";
import { Quality } from "./quality";

/** Steps whose outcome tells of models: the gate, and the comparison of what was predicted with what failed. */
const GATE_STEP = "evaluation";
const MONITORING_STEP = "monitoring";
const SHOWN = 10;

/** Who scores, and was it worth it? */
export default function ModelsPage(_props: PageProps) {
  const pipelines = useResource<PipelinePage>(addressOf("listPipelines"));
  const having = (step: string) =>
    pipelines.data?.value.find(({ steps }) => steps.some(({ name }) => name === step))?.name ?? null;
  const [gate, monitoring] = [having(GATE_STEP), having(MONITORING_STEP)];
  return (
    <>
      <Top title="Models" />
      <Shown of={pipelines}>
        {() =>
          gate === null && monitoring === null ? (
            <Empty title="No pipeline judges models">
              A step named {GATE_STEP} or {MONITORING_STEP} does.
            </Empty>
          ) : (
            <div class="stack">
              {monitoring && <LatestQuality pipeline={monitoring} />}
              {gate && <Gates pipeline={gate} />}
            </div>
          )
        }
      </Shown>
    </>
  );
}

/** Succeeded runs of a pipeline, newest first. */
function useRuns(pipeline: string, top: number) {
  return useResource<RunPage>(addressOf("listRuns", { query: { pipeline, state: "succeeded", top } }));
}

function LatestQuality({ pipeline }: { pipeline: string }) {
  const runs = useRuns(pipeline, 1);
  const run = runs.data?.value[0];
  const address = run ? addressOf("getRunDocument", { path: { runId: run.id, name: MONITORING_STEP } }) : null;
  const document = useResource<Monitoring>(address);
  if (runs.data && !run)
    return (
      <section class="card">
        <Empty title="Nothing was compared yet">
          A run of {pipeline} compares what was predicted with what failed.
        </Empty>
      </section>
    );
  return (
    <Shown of={runs}>
      {() => <Shown of={document}>{(data) => <Quality found={data} runId={run?.id ?? ""} />}</Shown>}
    </Shown>
  );
}

function Gates({ pipeline }: { pipeline: string }) {
  const runs = useRuns(pipeline, SHOWN);
  return (
    <section class="card">
      <h2>Versions and what the gate said, newest first</h2>
      <Shown of={runs}>
        {({ value }) =>
          value.length === 0 ? (
            <Empty title="No version yet">A run of {pipeline} makes a challenger and lets the gate judge it.</Empty>
          ) : (
            <ul class="needs">
              {value.map((run) => (
                <Gate key={run.id} run={run} />
              ))}
            </ul>
          )
        }
      </Shown>
    </section>
  );
}

function Gate({ run }: { run: RunSummary }) {
  const path = { runId: run.id };
  const full = useResource<Run>(addressOf("getRun", { path }));
  const gate = full.data?.steps.find(({ name }) => name === GATE_STEP)?.generations.at(-1);
  const address = gate?.outcomePath ? addressOf("getRunDocument", { path: { ...path, name: GATE_STEP } }) : null;
  const told = useResource<GateDecision>(address);
  const version = full.data?.steps.flatMap(({ generations }) => generations).findLast(({ model }) => model !== null)
    ?.model?.version;
  const { data } = told;
  const promoted = data?.decision === "promoted";
  return (
    <li class="need">
      {data ? <Pill tone={promoted ? "good" : "idle"}>{data.decision}</Pill> : <Pill tone="idle">no record</Pill>}
      <div>
        <a href={href(`runs/${run.id}`)}>{version ? `version ${version}` : "a version"}</a>
        <small>
          <Time at={run.endedAt ?? run.createdAt} />
          {data && ` · ${reasonsOf(data)}`}
        </small>
      </div>
      <span class="num">{data && f1Of(data)}</span>
    </li>
  );
}

const reasonsOf = ({ for: pro, against }: GateDecision): string =>
  against.length > 0
    ? `against: ${against.join("; ")}`
    : pro.length > 0
      ? `for: ${pro.join("; ")}`
      : "no reason was given";

/** F1 of the challenger at the first horizon, beside the champion's where there was one. */
function f1Of({ metrics }: GateDecision): string {
  const found = Object.keys(metrics).find((name) => /^test_challenger_micro_f1_\d+h$/.test(name));
  const value = found === undefined ? undefined : metrics[found];
  return value === undefined ? "" : `F1 ${value.toFixed(3)} at ${found?.split("_").at(-1) ?? ""}`;
}
