import { scheduleAlias } from "../domain/ids";
import { holdingPause, isHeldBy } from "../domain/pause";
import { scheduleOf } from "../domain/pipeline-definition";
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
  if ((await ledger.runs.alias(pipeline, sha256(alias))) !== null) return;
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

/** Reports schedule occurrences that no timer asked for, and asks for them, oldest first: one open run covers them all. */
export async function sweepSchedules(pass: SweepPass): Promise<void> {
  const { states, now } = pass.activities.ledger;
  for (const definition of pass.definitions.values()) {
    const { name: pipeline } = definition;
    const schedule = scheduleOf(definition);
    if (schedule === null) continue;
    const until = new Date(now().getTime() - GRACE_MS);
    const { scheduledUntil, pause } = await states.get(pipeline);
    const after = scheduledUntil === null ? until : new Date(scheduledUntil);
    if (holdingPause(pause) === null) {
      for (const occurrence of occurrencesBetween(schedule, after, until, MAX_CATCH_UP))
        await catchUp(pass, pipeline, occurrence, isHeldBy(pause, occurrence));
      if (until > after) await states.setScheduledUntil(pipeline, until.toISOString());
    }
    if (scheduledUntil === null) await states.setScheduledUntil(pipeline, until.toISOString());
  }
}
