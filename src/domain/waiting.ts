import type { GenerationRecord } from "./generation";
import type { PipelineDefinition } from "./pipeline-definition";
import { decideRetry } from "./retry";
import { isClosed, type RunRecord } from "./run";
import type { FailureCause } from "./verdict";

/** What an open run waits for. */
export interface Waiting {
  /** In words, such as `Databricks run 12 of step scoring`. */
  readonly for: string;
  /** When the wait ends at the latest, by itself; null when nothing bounds it. */
  readonly until: string | null;
  /** The run looks again within so many seconds; a `hurry` makes it look at once. */
  readonly nextLookWithinSeconds: number;
  /** Place in the queue of its group's slot, from 1; null when it does not queue. */
  readonly position: number | null;
  /** The run that holds that slot. */
  readonly behind: string | null;
}

/** Where a run stands in the queue of its group's slot. */
export interface QueuePlace {
  readonly group: string;
  readonly position: number | null;
  readonly holder: string | null;
}

const POLL_SECONDS = 60;
const SLOT_SECONDS = 300;

const after = (start: string, seconds: number): string => new Date(Date.parse(start) + seconds * 1000).toISOString();

type Facts = Pick<Waiting, "for"> & Partial<Waiting>;
const waiting = (facts: Facts): Waiting => ({
  until: null,
  nextLookWithinSeconds: POLL_SECONDS,
  position: null,
  behind: null,
  ...facts,
});

function forSlot({ group, position, holder }: QueuePlace): Waiting {
  const held = holder === null ? "" : `, which ${holder} holds`;
  const words = { for: `the slot of group ${group}${held}`, nextLookWithinSeconds: SLOT_SECONDS };
  return waiting({ ...words, position, behind: holder });
}

/** A failed generation that is repeated after its policy's delay; null when it is not. */
function forRetry(last: GenerationRecord, definition: PipelineDefinition, tries: number): Waiting | null {
  const policy = definition.steps[last.ordinal]?.retry;
  if (last.verdict?.kind !== "failed" || policy === undefined || last.endedAt === null) return null;
  const decision = decideRetry(last.verdict.cause as FailureCause, tries, policy);
  if (decision.kind === "stop") return null;
  return waiting({ for: `the retry of step ${last.step}`, until: after(last.endedAt, decision.delaySeconds) });
}

function forDatabricks(last: GenerationRecord, definition: PipelineDefinition): Waiting {
  const fault = last.lastFault === null ? "" : ` (${last.lastFault})`;
  const of = `of step ${last.step}`;
  const [person, run] = [last.needsPerson, last.databricksRunId];
  if (person !== null) return waiting({ for: `a person: ${person}`, nextLookWithinSeconds: SLOT_SECONDS });
  const asked = last.stopAskedAt === null ? "" : "the end of ";
  if (run === null) return waiting({ for: `${asked}an answer of Databricks to run-now ${of}${fault}` });
  const limit = definition.steps[last.ordinal]?.timeoutSeconds;
  const until = last.startedAt === null || limit === undefined || asked ? null : after(last.startedAt, limit);
  return waiting({ for: `${asked}Databricks run ${run} ${of}${fault}`, until });
}

/** What the run waits for by its records alone; null for a closed one. */
export function waitingOf(
  run: RunRecord,
  definition: PipelineDefinition,
  generations: readonly GenerationRecord[],
  place: QueuePlace,
): Waiting | null {
  if (isClosed(run.state)) return null;
  if (run.state === "requested") return waiting({ for: "its orchestration to start" });
  if (run.state === "queued") return forSlot(place);
  if (run.frozenAt === null) return waiting({ for: "its batch to be frozen" });
  const open = generations.find(({ terminal }) => !terminal);
  if (open) return forDatabricks(open, definition);
  const last = generations.filter(({ attempt }) => attempt === run.attempt).at(-1);
  if (last === undefined) return waiting({ for: "its first step to start" });
  const tries = generations.filter(
    ({ attempt, ordinal }) => attempt === last.attempt && ordinal === last.ordinal,
  ).length;
  return forRetry(last, definition, tries) ?? waiting({ for: `what follows step ${last.step}` });
}
