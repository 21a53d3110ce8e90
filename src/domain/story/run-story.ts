import { isClosed, type RunReason, type RunRecord } from "../run";
import { remedyOfCode } from "../messages/run-codes";
import { bytes, counted, duration, listed, say, secondsBetween, type Sentence } from "./sentence";
import { generationStory } from "./step-story";

/** What the story of a run rests on, besides its record with steps. */
export interface RunFacts {
  readonly run: RunRecord;
  /** Concurrency group of the definition that it began with. */
  readonly group: string;
  /** Place in the queue for the group's slot, from 1, and who holds it; null when the run does not wait. */
  readonly queue: { readonly position: number; readonly holder: string | null } | null;
  /** When a later run takes its batch over; null when none will. */
  readonly retakeDueAt: string | null;
}

const ASKED_BY: Readonly<Record<RunReason, string>> = {
  schedule: "the schedule",
  drops: "the collector, since drops had arrived",
  http: "a caller",
  retry: "a retry",
  backfill: "a backfill",
};

function beginning({ run }: RunFacts): Sentence[] {
  const by = run.requestedBy === null ? ASKED_BY[run.reason] : `${run.requestedBy} (${run.reason})`;
  const span = run.window === null ? "by the data" : `for ${run.window.start} up to ${run.window.end}`;
  const asked = say(run.createdAt, `Run ${run.runId} of pipeline ${run.pipeline} was asked for by ${by}, ${span}.`);
  const again = say(run.requestedAt, `A person asked for attempt ${run.attempt}; it goes on from the failed step.`);
  return run.attempt > 1 ? [asked, again] : [asked];
}

function waiting({ run, group, queue }: RunFacts): Sentence[] {
  if (run.startedAt !== null) {
    const waited = secondsBetween(run.createdAt, run.startedAt);
    const text = `It took the slot of group ${group}${waited < 2 ? " at once" : ` after ${duration(waited)}`}.`;
    return [say(run.startedAt, text)];
  }
  if (isClosed(run.state)) return [say(null, "It ended before it had the slot of its group.")];
  if (queue === null) return [say(null, "Its orchestration has not asked for the slot of its group yet.")];
  const behind = queue.holder === null ? "the slot is free" : `the slot is held by ${queue.holder}`;
  return [say(null, `It waits for the slot of group ${group}: place ${queue.position} in the queue, ${behind}.`)];
}

function batchOf({ run }: RunFacts): Sentence[] {
  const { batch, frozenAt, retakeOf } = run;
  if (frozenAt === null) {
    if (!isClosed(run.state)) return run.startedAt === null ? [] : [say(null, "Its batch is not frozen yet.")];
    if (run.state === "nothing_to_do")
      return [say(null, "Nothing ran: no drop was pending, and no window was asked for.")];
    return [
      say(null, "Nothing ran: it ended before its batch was frozen, and its drops went back to the pending ones."),
    ];
  }
  const left = (["superseded", "vanished", "quarantined"] as const)
    .filter((outcome) => batch[outcome] > 0)
    .map((outcome) => `${counted(batch[outcome], "drop")} ${outcome}`);
  const without = left.length === 0 ? "" : `, without ${listed(left)}`;
  const from = retakeOf === null ? "" : `, taken over from ${retakeOf} with the same bytes`;
  const notes = (run.notes ?? []).map((note) => say(null, `${note.charAt(0).toUpperCase()}${note.slice(1)}.`));
  const removed =
    run.batchRemovedAt === undefined ? [] : [say(run.batchRemovedAt, "Retention removed its frozen copies and lists.")];
  return [
    say(frozenAt, `Its batch was frozen: ${counted(batch.drops, "drop")}, ${bytes(batch.bytes)}${without}${from}.`),
    ...notes,
    ...removed,
  ];
}

/** What follows after a run that did not succeed. */
function remedy({ run, retakeDueAt }: RunFacts): string {
  if (run.supersededBy !== null) return ` Run ${run.supersededBy} took its batch over.`;
  if (run.state === "not_ready")
    return " What it could not do stays due for a later run; retry it when the reason is gone.";
  if (run.state !== "failed" && run.state !== "cancelled") return "";
  const later = retakeDueAt === null ? "" : ` Without one a later run takes its batch over from ${retakeDueAt} on.`;
  return ` A person can retry it.${later}${run.error === null ? "" : ` ${remedyOfCode(run.error.code)}`}`;
}

function ending(facts: RunFacts): Sentence[] {
  const { run } = facts;
  if (!isClosed(run.state)) {
    const asked = say(run.cancelRequestedAt, "A person asked for its cancellation; it ends when Databricks has.");
    return run.cancelRequestedAt === null ? [] : [asked];
  }
  const why = run.error === null ? "" : ` ${run.error.code}: ${run.error.message}`;
  const state = run.state.replaceAll("_", " ");
  const where = run.error?.step ? ` in step ${run.error.step}` : "";
  return [say(run.endedAt, `It ended as ${state}${where}.${why}${remedy(facts)}`)];
}

/** The whole story of a run: who asked, what it waited for, its batch, its Databricks runs, what they counted, how it ended. */
export function runStory(facts: RunFacts): Sentence[] {
  const steps = facts.run.steps.flatMap((step) => step.generations.flatMap(generationStory));
  const skipped = facts.run.steps.filter((step) => step.state === "skipped").map((step) => step.name);
  return [
    ...beginning(facts),
    ...waiting(facts),
    ...batchOf(facts),
    ...steps,
    ...(skipped.length === 0 ? [] : [say(null, `Not begun: ${listed(skipped)}.`)]),
    ...ending(facts),
  ];
}
