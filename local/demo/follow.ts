import type { PipelineApi, RunView } from "./api";
import { bad, formatCount, formatSeconds, good, line, note, progress } from "./console";

type Step = RunView["steps"][number];

const COUNT_WORDS: Readonly<Record<string, string>> = {
  filesRead: "files",
  filesQuarantined: "files quarantined",
  rowsRead: "rows read",
  rowsAccepted: "new",
  rowsQuarantined: "quarantined",
  rowsDuplicate: "duplicate",
  asOfPoints: "as-of points",
  asOfPointsRecomputed: "recomputed",
  asOfPointsWithdrawn: "withdrawn",
  asOfPointsCaughtUp: "left by earlier runs",
  asOfPointsNotScored: "of history not scored",
  predictions: "predictions",
  predictionsWritten: "written",
  predictionsSuperseded: "superseded",
  alerts: "alerts",
};
const UNSAID = new Set(["filesListed"]);

/** Tells a run step by step while it goes on, and returns it when it is closed. */
export async function follow(api: PipelineApi, id: string): Promise<RunView> {
  const told = new Set<string>();
  const started = Date.now();
  line(`  run ${id}`);
  const run = await api.waitForRun(id, (seen) => tell(seen, told, started));
  const what = `${run.state.replaceAll("_", " ")} after ${formatSeconds(Date.now() - started)}`;
  if (run.state === "succeeded") good(`run ${what}`);
  else if (run.state === "failed" || run.state === "cancelled")
    bad(`run ${what}: ${run.error?.step ?? ""} ${run.error?.message ?? ""}`);
  else note(`run ${what}`);
  return run;
}

function tell(run: RunView, told: Set<string>, started: number): void {
  if (run.frozenAt !== null && !told.has("frozen")) {
    told.add("frozen");
    if (run.batch.drops > 0)
      good(
        `batch frozen: ${run.batch.drops} drops, ${formatCount(Math.round(run.batch.bytes / 1024))} KiB copied, manifest written`,
      );
  }
  for (const step of run.steps) {
    const key = `${step.name}:${step.generations.length}`;
    if (["pending", "running", "skipped"].includes(step.state) || told.has(key)) continue;
    told.add(key);
    tellStep(step);
  }
  const active = run.steps.find((step) => step.state === "running");
  progress(
    `${active ? `${active.name}, Databricks run ${active.generations.at(-1)?.databricksRunId ?? "starting"}` : run.state}  ${formatSeconds(Date.now() - started)}`,
  );
}

function tellStep(step: Step): void {
  const last = step.generations.at(-1);
  const words = Object.entries(last?.counts ?? {})
    .filter(([name, count]) => !UNSAID.has(name) && count > 0)
    .map(
      ([name, count]) =>
        `${formatCount(count)} ${COUNT_WORDS[name] ?? name.replaceAll(/([A-Z])/g, " $1").toLowerCase()}`,
    );
  const seconds =
    last?.durationSeconds === null || last?.durationSeconds === undefined ? "" : `${last.durationSeconds.toFixed(1)} s`;
  const model = last?.model ? [`model version ${last.model.version}`] : [];
  const tell = (why: string[]): string => {
    const said = [...(words.length > 0 ? [words.join(", ")] : []), ...model, ...why].join(" · ");
    return `${step.name.padEnd(12)} Databricks run ${last?.databricksRunId ?? "-"}  ${seconds.padStart(7)}  ${said}`;
  };
  if (step.state === "succeeded") good(tell([]));
  else if (step.state === "failed" || step.state === "cancelled") bad(tell([last?.verdict?.message ?? step.state]));
  else note(tell([last?.reason ?? step.state.replaceAll("_", " ")]));
  for (const warning of last?.warnings.slice(0, 3) ?? []) note(`  ${warning}`);
}
