import type { Generation, Run } from "../../api/types";
import { StatePill } from "../../ui/pill";
import { Table } from "../../ui/table";
import { number, plain, span } from "../../ui/words";

/** Every Databricks run of every step: counts, versions, links. */
export function Attempts({ run }: { run: Run }) {
  const parameters = Object.entries(run.parameters);
  return (
    <section class="card">
      <h2>Steps</h2>
      <Table label="Steps" heads={["Step", "State", "Generation", "Counts", "Written and used", { figure: "Took" }]}>
        {run.steps.flatMap((step) =>
          (step.generations.length ? step.generations : [null]).map((generation, index) => (
            <tr key={`${step.name}${index}`}>
              <td>{index === 0 ? step.name : ""}</td>
              <td>
                <StatePill state={generation ? stateOf(generation, step.state) : step.state} />
              </td>
              <td class="together">{generation && <GenerationLink generation={generation} />}</td>
              <td class="small soft prose">{countsOf(generation)}</td>
              <td class="small soft">{versionsOf(generation)}</td>
              <td class="num">{generation?.durationSeconds ? span(generation.durationSeconds) : ""}</td>
            </tr>
          )),
        )}
      </Table>
      {parameters.length > 0 && (
        <>
          <h2>Parameters of this request</h2>
          <dl class="pairs">
            {parameters.flatMap(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
          </dl>
        </>
      )}
    </section>
  );
}

const stateOf = ({ verdict, status }: Generation, state: string): string =>
  verdict === null
    ? state
    : verdict.kind === "failed"
      ? "failed"
      : status === "ok"
        ? "succeeded"
        : (status ?? "succeeded");

function GenerationLink({ generation }: { generation: Generation }) {
  const text = `${generation.generation + 1}${generation.databricksRunId ? ` · run ${generation.databricksRunId}` : ""}`;
  return generation.url ? <a href={generation.url}>{text}</a> : <>{text}</>;
}

const countsOf = (generation: Generation | null): string =>
  Object.entries(generation?.counts ?? {})
    .filter(([, value]) => value > 0)
    .map(([name, value]) => `${number(value)} ${plain(name)}`)
    .join(", ");

function versionsOf(generation: Generation | null): string {
  const tables = Object.entries(generation?.tables ?? {}).map(([name, { version }]) => `${name} v${version}`);
  const model = generation?.model ? [`model v${generation.model.version}`] : [];
  return [...tables, ...model].join(", ");
}
