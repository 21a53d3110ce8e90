import { WAKE } from "../domain/function-names";
import type { GenerationRecord } from "../domain/generation";
import { parseRunInstanceId, runInstanceId } from "../domain/ids";
import { isClosed, type RunRecord } from "../domain/run";
import { InvalidRequestError, RunNotInLedgerError, RunStateError } from "../ledger/errors";
import { closeRun } from "../runs/close-run";
import type { ActivityDeps } from "../runs/deps";
import { publishRun } from "../runs/publish-run";
import { releaseSlot } from "../runs/release-slot";
import { settleByPerson } from "../runs/settle-by-person";
import { cancelGeneration } from "../runs/stop-run";
import { refuseActive } from "./active-runs";
import type { OperationDeps, Operator } from "./deps";
import { RefusedError } from "./errors";

/** Names a Databricks run of a step. */
export type Settled = Pick<GenerationRecord, "runId" | "step" | "generation" | "databricksRunId">;

const settledOf = ({ runId, step, generation, databricksRunId }: GenerationRecord): Settled => ({
  runId,
  step,
  generation,
  databricksRunId,
});

async function runOf({ ledger }: ActivityDeps, runId: string): Promise<RunRecord> {
  const run = await ledger.runs.get(runId);
  if (run === null) throw new RunNotInLedgerError(runId);
  return run;
}

/** Records what a person says of these generations. Forced, Databricks is asked to end them first, whatever comes of it. */
async function settleAll(
  activities: ActivityDeps,
  records: readonly GenerationRecord[],
  force: boolean,
): Promise<Settled[]> {
  for (const record of records) {
    if (force) await cancelGeneration(activities, record);
    const { terminal } = await settleByPerson(activities.ledger, record);
    if (!terminal)
      throw new RefusedError("activity-unknown", `step ${record.step} of ${record.runId} has moved on: look again`);
  }
  return records.map(settledOf);
}

/**
 * Ends the wait for the Databricks runs of a run that nobody can prove to have ended, on a person's word that they have. The run itself
 * goes on from there, as after a failure.
 * @param asked `step`: those of one step alone; `force`: although Databricks lists one as active, or cannot be asked
 * @throws RunNotInLedgerError, InvalidRequestError for an unknown step, RefusedError
 */
export async function settle(
  { activities }: OperationDeps,
  { runId, step, force }: { readonly runId: string; readonly step: string | null; readonly force: boolean },
  { by, reason, starter, log }: Operator,
): Promise<readonly Settled[]> {
  const { ledger } = activities;
  const run = await runOf(activities, runId);
  const generations = await ledger.generations.list(runId);
  const ofStep = generations.filter((record) => step === null || record.step === step);
  if (step !== null && ofStep.length === 0)
    throw new InvalidRequestError([`step: run ${runId} has started no step "${step}"`]);
  const open = ofStep.filter(({ terminal }) => !terminal);
  if (open.length === 0) return [];
  if (!force) await refuseActive(activities, open);
  await ledger.actions.note({ action: "settle", subject: runId, by, reason });
  const settled = await settleAll(activities, open, force);
  log.warn("settled by a person", { runId, step, force, generations: settled.length });
  if (!isClosed(run.state)) await starter.raise(runInstanceId(runId, run.attempt), WAKE);
  return settled;
}

/**
 * Ends an open run that does not end by itself: settles its Databricks runs as `settle` does, closes it as failed and hands its slot on.
 * Its batch is taken over by a later run, or retried.
 * @throws RunNotInLedgerError, RunStateError when it is closed, RefusedError
 */
export async function abandon(
  { activities }: OperationDeps,
  { runId, force }: { readonly runId: string; readonly force: boolean },
  { by, reason, starter, log }: Operator,
): Promise<RunRecord> {
  const { ledger } = activities;
  const run = await runOf(activities, runId);
  if (isClosed(run.state)) throw new RunStateError(runId, run.state, "abandoned");
  const { attempt } = run;
  const openOnes = async (): Promise<GenerationRecord[]> =>
    (await ledger.generations.list(runId)).filter(({ terminal }) => !terminal);
  if (!force) await refuseActive(activities, await openOnes());
  await ledger.actions.note({ action: "abandon", subject: runId, by, reason });
  // From here on nothing new is started; what was on its way is among those that are open then.
  await ledger.runs.change(runId, (current) =>
    isClosed(current.state) || current.cancelRequestedAt !== null
      ? null
      : { cancelRequestedAt: ledger.now().toISOString() },
  );
  const open = await openOnes();
  if (!force) await refuseActive(activities, open);
  await settleAll(activities, open, force);
  // The reason stays with the action: this message goes into run.json and webhooks.
  const message = "abandoned by a person";
  const context = { log, starter };
  const error = { code: "ABANDONED", message, step: null };
  await closeRun(activities, { runId, attempt, state: "failed", error }, context);
  await publishRun(activities, { runId, attempt }, context);
  await releaseSlot(activities, { runId, attempt }, context);
  await starter.raise(runInstanceId(runId, attempt), WAKE);
  log.warn("abandoned by a person", { runId, attempt, force, generations: open.length });
  return runOf(activities, runId);
}

/**
 * Takes a group's slot from a run that is over but has Databricks runs that nobody can prove to have ended: settles them as `settle`
 * does, then hands the slot on. An open run keeps its slot: it is abandoned or cancelled instead.
 * @param asked `holder`: the run that the person saw holding it
 * @returns who got the slot
 * @throws RefusedError, also when another run holds it by now; RunStateError when the run is open
 */
export async function releaseSlotOf(
  deps: OperationDeps,
  { group, holder, force }: { readonly group: string; readonly holder: string; readonly force: boolean },
  operator: Operator,
): Promise<{ readonly released: boolean; readonly next: string | null }> {
  const { ledger } = deps.activities;
  const { by, reason, starter, log } = operator;
  const { holder: instance } = await ledger.slots.inspect(group);
  const held = instance === null ? null : parseRunInstanceId(instance);
  if (instance === null || held?.runId !== holder)
    throw new RefusedError("slot-moved", `the slot of group ${group} is held by ${held?.runId ?? "nobody"}`);
  const run = await ledger.runs.get(held.runId);
  if (run && !isClosed(run.state) && run.attempt === held.attempt)
    throw new RunStateError(held.runId, run.state, "deprived of its slot; cancel or abandon it");
  const open = (await ledger.generations.list(held.runId)).filter(({ terminal }) => !terminal);
  if (!force) await refuseActive(deps.activities, open);
  await ledger.actions.note({ action: "release-slot", subject: held.runId, by, reason });
  await settleAll(deps.activities, open, force);
  const next = await ledger.slots.release(group, instance);
  log.warn("slot released by a person", { group, holder, next, force });
  if (next !== null) await starter.raise(next, WAKE);
  return { released: true, next };
}
