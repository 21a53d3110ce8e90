import type { Run } from "../../api/types";

/** Why it did not succeed, in the notebook's own words. */
export function Failure({ run }: { run: Run }) {
  const needs = run.steps.flatMap(({ name, generations }) =>
    generations.flatMap(({ needsPerson }) => (needsPerson ? [`${name}: ${needsPerson}`] : [])),
  );
  return (
    <>
      {needs.map((text) => (
        <div key={text} class="notice mild" role="note">
          <strong>A person has to settle this</strong>
          <span>{text}</span>
        </div>
      ))}
      {run.error && (
        <div class="notice" role="note">
          <strong>
            ▲ {run.error.code}
            {run.error.step && ` in ${run.error.step}`}
          </strong>
          <pre class="trace" tabIndex={0} aria-label="Error">
            {run.error.message}
          </pre>
        </div>
      )}
    </>
  );
}
