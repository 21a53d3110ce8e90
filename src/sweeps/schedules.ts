import { scheduleAlias } from "../domain/ids";
import { scheduleOf } from "../domain/pipeline-definition";
import { occurrencesBetween } from "../domain/schedule";
import { sha256 } from "../domain/tokens";
import type { SweepPass } from "./deps";

/** A timer that is late by less than this is not missed. */
const GRACE_MS = 120_000;
/** Occurrences that one pass asks for at most; older ones are covered by the same run, since it takes what is there. */
const MAX_CATCH_UP = 10;

/** Reports schedule occurrences that no timer asked for, and asks for them, oldest first: one open run covers them all. */
export async function sweepSchedules({ activities, definitions, starter, log }: SweepPass): Promise<void> {
  const { ledger, requests } = activities;
  for (const definition of definitions.values()) {
    const { name: pipeline } = definition;
    const schedule = scheduleOf(definition);
    if (schedule === null) continue;
    const until = new Date(ledger.now().getTime() - GRACE_MS);
    const { scheduledUntil } = await ledger.states.get(pipeline);
    const after = scheduledUntil === null ? until : new Date(scheduledUntil);
    for (const occurrence of occurrencesBetween(schedule, after, until, MAX_CATCH_UP)) {
      const alias = scheduleAlias(occurrence);
      if ((await ledger.runs.alias(pipeline, sha256(alias))) !== null) continue;
      const { run, created } = await requests.requestRun({ pipeline, alias, reason: "schedule" }, starter);
      const missed = occurrence.toISOString();
      const { runId } = run;
      await ledger.outbox.add(pipeline, `missed-${missed}`, {
        kind: "scheduleMissed",
        pipeline,
        occurrence: missed,
        runId,
      });
      log.warn("missed schedule occurrence", { pipeline, occurrence: missed, runId, created });
    }
    if (until > after || scheduledUntil === null)
      await ledger.states.set(pipeline, { scheduledUntil: until.toISOString() });
  }
}
