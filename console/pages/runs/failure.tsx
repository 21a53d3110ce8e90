import type { Run } from "../../api/types";

type Told = NonNullable<Run["steps"][number]["generations"][number]["error"]>;

/** A trace ends with the message as a rule, and then says it itself. */
const inFull = ({ message, trace }: Told): string =>
  trace?.includes(message) ? trace : [message, trace].filter(Boolean).join("\n\n");

/** Why it did not succeed, in the notebook's own words. */
export function Failure({ run }: { run: Run }) {
  const needs = run.steps.flatMap(({ name, generations }) =>
    generations.flatMap(({ needsPerson, remedy }) =>
      needsPerson ? [{ text: `${name}: ${needsPerson}`, remedy }] : [],
    ),
  );
  const told = run.steps.flatMap(({ generations }) => generations).findLast(({ error }) => error !== null)?.error;
  return (
    <>
      {needs.map(({ text, remedy }) => (
        <div key={text} class="notice mild" role="note">
          <strong>A person has to settle this</strong>
          <span>{text}</span>
          {remedy && <span class="soft">{remedy}</span>}
        </div>
      ))}
      {run.error && (
        <div class="notice" role="note">
          <strong>
            ▲ {run.error.code}
            {run.error.step && ` in ${run.error.step}`}
            {told?.cell && `, ${told.cell}`}
          </strong>
          <pre class="trace" tabIndex={0} aria-label="Error">
            {told ? inFull(told) : run.error.message}
          </pre>
          <span class="soft">{run.error.remedy}</span>
        </div>
      )}
    </>
  );
}
