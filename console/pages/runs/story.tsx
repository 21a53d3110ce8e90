import type { ComponentChildren } from "preact";
import type { Generation, Run, Step } from "../../api/types";
import { href } from "../../app/router";
import { Time } from "../../ui/time";
import { bytes, count, number, plain } from "../../ui/words";

interface Sentence {
  readonly at: string;
  readonly text: ComponentChildren;
}

/** The run in sentences, in the order of time. */
export function Story({ run }: { run: Run }) {
  return (
    <ul class="story">
      {sentencesOf(run).map(({ at, text }, index) => (
        <li key={index}>
          <Time at={at} form="clock" />
          {text}
        </li>
      ))}
    </ul>
  );
}

const ASKED: Readonly<Record<string, string>> = {
  schedule: "The schedule asked for a run.",
  drops: "Drops had arrived and it was quiet: the collector asked for a run.",
  http: "Somebody asked for a run.",
  retry: "A person asked for a retry.",
};

function sentencesOf(run: Run): Sentence[] {
  const sentences: Sentence[] = [{ at: run.createdAt, text: ASKED[run.reason] ?? "A run was asked for." }];
  const add = (at: string | null, text: ComponentChildren) => at !== null && sentences.push({ at, text });
  if (run.retakeOf !== null)
    add(
      run.startedAt,
      <>
        It took over the batch of <a href={href(`runs/${run.retakeOf}`)}>a run that failed</a>.
      </>,
    );
  add(run.startedAt, "It got its slot: no other run of its group is active.");
  add(run.frozenAt, frozen(run));
  for (const step of run.steps) for (const generation of step.generations) sentences.push(...told(step, generation));
  add(run.cancelRequestedAt, "A person asked to cancel it.");
  add(run.endedAt, ending(run));
  return sentences.sort((a, b) => a.at.localeCompare(b.at));
}

function frozen({ batch }: Run): string {
  const { drops, superseded, vanished, quarantined } = batch;
  const lost = [
    superseded && `${superseded} superseded by a newer version`,
    vanished && `${vanished} vanished before`,
    quarantined && `${quarantined} set aside`,
  ].filter(Boolean);
  return `Batch frozen: ${count(drops, "file")}, ${bytes(batch.bytes)}; ${lost.join(", ") || "nothing superseded, nothing lost"}.`;
}

const CAUSES: Readonly<Record<string, string>> = {
  code: "a fault of the code: no other generation would help",
  platform: "a fault of the platform: the policy may try again",
  quota: "a limit of the workspace: it waits",
  configuration: "a setting that a person has to change",
  cancelled: "it was cancelled",
  timedOut: "its time was up",
  deleted: "the Databricks run is gone",
  skipped: "it was never executed",
};

function told({ name }: Step, generation: Generation): Sentence[] {
  const { verdict, startedAt, endedAt, intendedAt, databricksRunId, url, status, reason, needsPerson, lastFault } =
    generation;
  const what = `${name}, generation ${generation.generation + 1}`;
  const link =
    databricksRunId && (url ? <a href={url}>Databricks run {databricksRunId}</a> : `Databricks run ${databricksRunId}`);
  const told: Sentence[] = [
    {
      at: startedAt ?? intendedAt,
      text: (
        <>
          {what}: {link ? <>{link} began.</> : "Databricks was asked for a run."}
        </>
      ),
    },
  ];
  if (verdict?.kind === "failed")
    told.push({
      at: endedAt ?? intendedAt,
      text: (
        <>
          {what}: <b>{verdict.code}</b>, {CAUSES[verdict.cause ?? ""] ?? "it failed"}.{" "}
          {verdict.message.split("\n", 1)[0]}
        </>
      ),
    });
  else if (verdict)
    told.push({
      at: endedAt ?? intendedAt,
      text: `${what}: ${status === "ok" ? `success proved: ${proof(generation)}.` : `${plain(status ?? "")}: ${reason ?? ""}`}`,
    });
  if (needsPerson) told.push({ at: endedAt ?? intendedAt, text: <b>{needsPerson}</b> });
  if (lastFault && !verdict)
    told.push({ at: startedAt ?? intendedAt, text: `The last call about it failed and is tried again: ${lastFault}` });
  for (const warning of generation.warnings) told.push({ at: endedAt ?? intendedAt, text: `◆ ${warning}` });
  return told;
}

/** The counts that had to agree before it was believed. */
function proof({ counts }: Generation): string {
  const of = (name: string) => counts?.[name];
  const [listed, read, accepted] = [of("filesListed"), of("filesRead"), of("rowsAccepted")];
  if (listed !== undefined && read !== undefined && accepted !== undefined)
    return `${number(listed)} files listed, ${number(read)} read; ${number(of("rowsRead") ?? 0)} rows read, ${number(accepted)} accepted, ${number(of("rowsQuarantined") ?? 0)} set aside`;
  const told = Object.entries(counts ?? {}).slice(0, 3);
  return told.map(([name, value]) => `${number(value)} ${plain(name)}`).join(", ") || "states and exit JSON agree";
}

function ending(run: Run): ComponentChildren {
  if (run.supersededBy !== null)
    return (
      <>
        Its batch went to <a href={href(`runs/${run.supersededBy}`)}>a later run</a>.
      </>
    );
  if (run.state === "succeeded") return "Every step succeeded.";
  if (run.state === "failed") return "The run failed. Its batch is kept, and nothing of it is lost.";
  if (run.state === "not_ready") return "A precondition is missing; the data stand and wait.";
  return `It ended: ${run.state.replaceAll("_", " ")}.`;
}
