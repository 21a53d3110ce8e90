import type { Generation, Run } from "../../api/types";
import { StatePill } from "../../ui/pill";
import { number, plain, span } from "../../ui/words";

/** Every Databricks run of every step: counts, versions, links. */
export function Attempts({ run }: { run: Run }) {
  const parameters = Object.entries(run.parameters);
  return (
    <section class="card">
      <h2>Steps</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Steps">
        <table>
          <thead>
            <tr>
              <th>Step</th>
              <th>State</th>
              <th>Generation</th>
              <th>Counts</th>
              <th>Written and used</th>
              <th class="num">Took</th>
            </tr>
          </thead>
          <tbody>
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
          </tbody>
        </table>
      </div>
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
