import type { ExitJson } from "../exit-json";
import { mayHaveStarted, type GenerationRecord } from "../generation";
import { counted, duration, listed, say, type Sentence } from "./sentence";

/** Words of the counts that every step that reads the manifest gives; others are told by their own names. */
const COUNT_WORDS: Readonly<Record<string, string>> = {
  filesListed: "listed",
  filesRead: "read",
  filesQuarantined: "quarantined",
  rowsRead: "read",
  rowsAccepted: "accepted",
  rowsQuarantined: "quarantined",
  rowsDuplicate: "duplicate",
};
const WARNINGS_TOLD = 5;

/** `12 rows read, 11 accepted, 1 quarantined`. */
function countsOf(exit: ExitJson, noun: "file" | "row"): string | null {
  const own = Object.entries(exit.counts).filter(([name]) => name.startsWith(`${noun}s`) && name in COUNT_WORDS);
  if (own.length === 0) return null;
  return own
    .map(([name, count], index) => `${index === 0 ? counted(count, noun) : count} ${COUNT_WORDS[name]}`)
    .join(", ");
}

/** `asOfPoints` to `as of points`. */
const words = (name: string): string => name.replace(/([A-Z])/g, " $1").toLowerCase();

/** What the exit JSON of a step says. */
function told(step: string, exit: ExitJson): Sentence[] {
  const others = Object.entries(exit.counts).filter(([name]) => !(name in COUNT_WORDS));
  const parts = [
    countsOf(exit, "file"),
    countsOf(exit, "row"),
    ...others.map(([name, count]) => `${words(name)} ${count}`),
  ].filter((part) => part !== null);
  const versions = Object.entries(exit.tables).map(([table, { version }]) => `${table} version ${version}`);
  const warnings = exit.warnings.slice(0, WARNINGS_TOLD);
  const untold = exit.warnings.length - warnings.length;
  const texts = [
    parts.length === 0 ? null : `Step ${step} counted: ${parts.join("; ")}.`,
    exit.model ? `It worked with model ${exit.model.name} version ${exit.model.version}.` : null,
    versions.length === 0 ? null : `Table versions: ${listed(versions)}.`,
    exit.watermark ? `The data are complete up to ${exit.watermark}.` : null,
    ...warnings.map((warning) => `Warning: ${warning}`),
    untold > 0 ? `${counted(untold, "more warning")}: see ${exit.outcomePath ?? "the exit JSON"}.` : null,
  ];
  return texts.filter((text) => text !== null).map((text) => say(null, text));
}

function underWay(record: GenerationRecord, name: string): Sentence {
  const { databricksRunId, lifeCycleState, lastFault, needsPerson, startedAt } = record;
  const called = mayHaveStarted(record) ? "was asked for, and its answer was never seen" : "has not been started yet";
  const state = databricksRunId === null ? called : `is ${lifeCycleState ?? "started, and was not looked at yet"}`;
  const fault = lastFault === null ? "" : ` The last call about it failed: ${lastFault}.`;
  const person = needsPerson === null ? "" : ` It needs a person: ${needsPerson}.`;
  return say(startedAt, `${name} ${state}.${fault}${person}`);
}

/** One Databricks run of a step: that it was started, how it ended, and what it said. */
export function generationStory(record: GenerationRecord): Sentence[] {
  const { step, generation, databricksRunId, verdict, startedAt, endedAt, durationSeconds, exit, status } = record;
  const which = generation > 1 ? `, try ${generation}` : "";
  const name = `Step ${step} (${databricksRunId === null ? "no Databricks run" : `Databricks run ${databricksRunId}`}${which})`;
  if (verdict === null) return [underWay(record, name)];
  const began = startedAt === null ? [] : [say(startedAt, `${name} began.`)];
  const took = durationSeconds === null ? "" : ` after ${duration(durationSeconds)}`;
  if (verdict.kind === "failed") {
    const how = `failed${took} (${verdict.code}, cause: ${verdict.cause ?? "unknown"}): ${verdict.message}`;
    return [...began, say(endedAt, `${name} ${how}`)];
  }
  const outcome =
    status === "not_ready" || status === "nothing_to_do"
      ? `ended${took} as ${words(status).replaceAll("_", " ")}: ${exit?.reason ?? "no reason given"}.`
      : `succeeded${took}.`;
  return [...began, say(endedAt, `${name} ${outcome}`), ...(exit === null ? [] : told(step, exit))];
}
