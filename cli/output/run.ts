import type { RunView } from "../../src/api/runs/views";
import type { Output } from "../context";
import { cell, coloured, stateCell } from "./cell";
import { writeRows } from "./table";

/** A run for people: where it stands, its steps with their Databricks runs, and why it did not succeed. */
export function showRun(out: Output, run: RunView): void {
  out.write(`${run.id}  ${stateCell(out, run.state)}  attempt ${run.attempt}, asked for by ${run.reason}\n`);
  const window = run.window ? `${cell(run.window.start)} to ${cell(run.window.end)}` : "by the data";
  out.write(`window ${window}; batch of ${run.batch.drops} drops, ${run.batch.quarantined} quarantined\n`);
  writeRows(
    out,
    ["step", "state", "Databricks run", "seconds", "counts"],
    run.steps.map((step) => {
      const last = step.generations.at(-1);
      const counts = Object.entries(last?.counts ?? {}).filter(([, count]) => count > 0);
      return [
        step.name,
        stateCell(out, step.state),
        cell(last?.databricksRunId),
        cell(last?.durationSeconds),
        cell(Object.fromEntries(counts)),
      ];
    }),
  );
  for (const step of run.steps) {
    const last = step.generations.at(-1);
    const trouble = last?.needsPerson ?? last?.lastFault ?? last?.reason;
    if (trouble) out.write(`${step.name}: ${trouble}\n`);
    if (last?.needsPerson) writeRemedy(out, last.remedy);
    for (const warning of last?.warnings ?? []) out.write(coloured(out, "yellow", `${step.name}: ${warning}\n`));
  }
  if (!run.error) return;
  out.write(coloured(out, "red", `${run.error.code}: ${run.error.message}\n`));
  writeRemedy(out, run.error.remedy);
  const url = run.steps.find(({ name }) => name === run.error?.step)?.generations.at(-1)?.url;
  if (url) out.write(`${url}\n`);
}

function writeRemedy(out: Output, remedy: string | null | undefined): void {
  // An app of before has none.
  if (remedy) out.write(`  ${coloured(out, "bold", "remedy")}: ${remedy}\n`);
}
