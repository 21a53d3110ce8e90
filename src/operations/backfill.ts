import { randomBytes } from "node:crypto";
import {
  backfillFaults,
  planBackfill,
  windowsOf,
  type BackfillPlan,
  type BackfillRecord,
  type BackfillRequest,
  type WindowRun,
} from "../domain/backfill";
import { workKeyOf } from "../domain/run-request";
import { newBackfillId } from "../ledger/backfill-store";
import { InvalidRequestError } from "../ledger/errors";
import { inParallel } from "../ledger/parallel";
import { advanceBackfill } from "../runs/advance-backfill";
import { definitionOf, type OperationDeps, type Operator } from "./deps";
import { RefusedError } from "./errors";

const PARALLEL = 16;
/** Backfills of a pipeline that a list shows. */
const SHOWN = 50;

/**
 * What a backfill would do: every window, what exists for it, and whether it would run. "Exists" means a run that was asked for exactly this
 * window without parameters of its own; what other runs scored of it is not looked at, and scoring it again writes nothing.
 * @throws UnknownPipelineError, InvalidRequestError
 */
export async function planOf(deps: OperationDeps, request: BackfillRequest): Promise<BackfillPlan> {
  definitionOf(deps, request.pipeline);
  const { runs } = deps.activities.ledger;
  const faults = backfillFaults(request);
  if (faults.length > 0) throw new InvalidRequestError(faults);
  const existing = await inParallel(windowsOf(request), PARALLEL, async (window): Promise<WindowRun | null> => {
    const pointer = await runs.work(request.pipeline, workKeyOf(window, {}));
    const run = pointer && (await runs.get(pointer.runId));
    return run && { runId: run.runId, state: run.state, attempt: run.attempt };
  });
  return planBackfill(request, existing);
}

/**
 * Starts the backfill that a plan showed: one window at a time, behind other requests. While it is open, the same plan again finds it.
 * @throws RefusedError `plan-moved` when what exists has changed since
 */
export async function startBackfill(
  deps: OperationDeps,
  request: BackfillRequest,
  hash: string,
  { by, reason, starter, log }: Operator,
): Promise<BackfillRecord> {
  const planned = await planOf(deps, request);
  if (planned.hash !== hash)
    throw new RefusedError(
      "plan-moved",
      `what exists has changed since the plan: ${planned.count} windows would run now`,
    );
  if (planned.count === 0) throw new InvalidRequestError(["reprocess: no window would run"]);
  const { ledger } = deps.activities;
  const open = await ledger.backfills.ofPlan(hash);
  if (open !== null) return open;
  const now = ledger.now();
  const id = newBackfillId(request.pipeline, now, randomBytes(4).toString("hex"));
  const todo = planned.windows.flatMap(({ action }, place) => (action === "run" ? [place] : []));
  await ledger.actions.note({ action: "backfill", subject: request.pipeline, by, reason });
  const progress = { state: "running", todo, done: 0, failed: 0, failedInARow: 0, runId: null } as const;
  const who = { requestedBy: by, reason, createdAt: now.toISOString(), endedAt: null };
  if (!(await ledger.backfills.create({ ...request, id, ...progress, ...who }, hash))) {
    const first = await ledger.backfills.ofPlan(hash);
    if (first === null) throw new RefusedError("plan-moved", "a backfill of this plan has just ended");
    return first;
  }
  log.info("backfill started", { backfill: id, pipeline: request.pipeline, windows: todo.length });
  try {
    await advanceBackfill(deps.activities, id, { starter, log });
  } catch (error) {
    // It is in the ledger: the sweeper asks for its first window.
    log.error("first window of a backfill not asked for yet", { backfill: id, fault: String(error) });
  }
  return backfillOf(deps, id);
}

/** Asks for no further window. The run of the one at work goes on; cancel it by itself. A backfill that is over stays as it is. */
export async function cancelBackfill(
  deps: OperationDeps,
  id: string,
  { by, reason, log }: Operator,
): Promise<BackfillRecord> {
  const record = await backfillOf(deps, id);
  const { ledger } = deps.activities;
  if (record.state !== "running") return record;
  await ledger.actions.note({ action: "cancel-backfill", subject: record.pipeline, by, reason });
  log.info("backfill cancelled", { backfill: id, pipeline: record.pipeline });
  return ledger.backfills.change(id, () => ({ state: "cancelled", endedAt: ledger.now().toISOString() }));
}

/** @throws RefusedError `unknown-backfill` */
export async function backfillOf({ activities }: OperationDeps, id: string): Promise<BackfillRecord> {
  const record = await activities.ledger.backfills.get(id);
  if (record === null) throw new RefusedError("unknown-backfill", `no backfill ${id} in the ledger`);
  return record;
}

/** Backfills of a pipeline, the newest first. @throws UnknownPipelineError */
export async function listBackfills(deps: OperationDeps, pipeline: string): Promise<readonly BackfillRecord[]> {
  return deps.activities.ledger.backfills.list(definitionOf(deps, pipeline), SHOWN);
}
