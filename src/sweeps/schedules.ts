import { scheduleAlias } from "../domain/ids";
import { holdCatchUp } from "../domain/catch-up";
import { holdingPause, isHeldBy } from "../domain/pause";
import { scheduleOf, type PipelineDefinition } from "../domain/pipeline-definition";
import { occurrencesBetween } from "../domain/schedule";
import { sha256 } from "../domain/tokens";
import type { SweepPass } from "./deps";

/** A timer that is late by less than this is not missed. */
const GRACE_MS = 120_000;
/** Occurrences that one pass asks for at most; older ones are covered by the same run, since it takes what is there. */
const MAX_CATCH_UP = 10;

/** Asks for an occurrence that no timer asked for; one that a pause kept was not missed. */
async function catchUp(pass: SweepPass, pipeline: string, occurrence: Date, held: boolean): Promise<void> {
  const { activities, starter, log } = pass;
  const { ledger, requests } = activities;
  const alias = scheduleAlias(occurrence);
  const { run, created } = await requests.requestRun({ pipeline, alias, reason: "schedule" }, starter);
  const at = occurrence.toISOString();
  const { runId } = run;
  if (held) {
    log.info("schedule occurrence of a pause", { pipeline, occurrence: at, runId, created });
    return;
  }
  await ledger.outbox.add(pipeline, `missed-${at}`, { kind: "scheduleMissed", pipeline, occurrence: at, runId });
  log.warn("missed schedule occurrence", { pipeline, occurrence: at, runId, created });
}

/** Asks for the occurrences since `after` that no timer asked for, oldest first, or holds them for a person when they are too many. */
async function catchUpSince(pass: SweepPass, definition: PipelineDefinition, after: Date, until: Date): Promise<void> {
  const { states, runs } = pass.activities.ledger;
  const { name: pipeline, approveCatchUpAbove: limit = null } = definition;
  const schedule = scheduleOf(definition);
  if (schedule === null) return;
  const { pause, heldCatchUp } = await states.get(pipeline);
  const some = occurrencesBetween(schedule, after, until, Math.max(MAX_CATCH_UP, (limit ?? 0) + 1));
  const asked = await Promise.all(some.map(async (at) => runs.alias(pipeline, sha256(scheduleAlias(at)))));
  const missed = some.filter((_, index) => asked[index] === null);
  const span = { after: after.toISOString(), until: until.toISOString() };
  // What the pause kept is no outage: one run covers it, however long the pause was.
  const unheld = missed.filter((at) => !isHeldBy(pause, at));
  const held = holdCatchUp(unheld.length, limit, span, heldCatchUp);
  if (held !== null) {
    await states.setHeldCatchUp(pipeline, held);
    pass.log.error("catch-up waits for a person's approval", { pipeline, missed: missed.length, ...held });
    return;
  }
  for (const occurrence of missed.slice(-MAX_CATCH_UP))
    await catchUp(pass, pipeline, occurrence, isHeldBy(pause, occurrence));
}

/** Reports schedule occurrences that no timer asked for, and asks for them: one open run covers them all. */
export async function sweepSchedules(pass: SweepPass): Promise<void> {
  const { states, now } = pass.activities.ledger;
  for (const definition of pass.definitions.values()) {
    const { name: pipeline, schedule } = definition;
    if (schedule === undefined) continue;
    const until = new Date(now().getTime() - GRACE_MS);
    const { scheduledUntil, pause } = await states.get(pipeline);
    const after = scheduledUntil === null ? until : new Date(scheduledUntil);
    if (until > after && holdingPause(pause) === null) {
      await catchUpSince(pass, definition, after, until);
      await states.setScheduledUntil(pipeline, until.toISOString());
    }
    if (scheduledUntil === null) await states.setScheduledUntil(pipeline, until.toISOString());
  }
}
