import { WAKE } from "../domain/function-names";
import { runInstanceId } from "../domain/ids";
import { isClosed, RUN_STATES, type RunRecord, type RunState } from "../domain/run";
import { actionFault, selectionText, type RunAction } from "../domain/run-actions";
import { fitsSearch, type RunSearch } from "../domain/run-search";
import { sha256 } from "../domain/tokens";
import { InvalidRequestError, LedgerError, RunNotInLedgerError, RunStateError } from "../ledger/errors";
import { inParallel } from "../ledger/parallel";
import { faultText } from "../runs/databricks-call";
import type { OperationDeps, Operator } from "./deps";
import { RefusedError } from "./errors";

/** Runs that one call acts on at most. */
export const MAX_SELECTED = 500;
const PAGE = 200;
const PARALLEL = 8;

/** Which runs of a pipeline; what is left out selects all. */
export interface RunSelection extends RunSearch {
  readonly pipeline: string;
  readonly states?: readonly RunState[];
}

/** What a call with this filter would do. */
export interface SelectionPlan {
  readonly action: RunAction;
  readonly count: number;
  readonly runs: readonly Pick<RunRecord, "runId" | "state" | "attempt">[];
  /** Selected runs that the action cannot be taken on. */
  readonly excluded: number;
  /** Of exactly these runs where they stand now. */
  readonly hash: string;
}

/** What became of one run of a selection. */
export interface ActionAnswer {
  readonly runId: string;
  readonly done: boolean;
  /** Why not; null when done. */
  readonly fault: string | null;
  /** The run that does the work: the same, but for a rerun. */
  readonly resultRunId: string | null;
}

/** Runs of a state that are selected, newest first, as far as they reach back. */
async function selectState(
  { activities }: OperationDeps,
  selection: RunSelection,
  state: RunState,
): Promise<RunRecord[]> {
  const from = selection.createdFrom === undefined ? 0 : Date.parse(selection.createdFrom);
  const found: RunRecord[] = [];
  for (let token: string | undefined; ;) {
    const page = await activities.ledger.runs.list(selection.pipeline, state, PAGE, token);
    found.push(...page.items.filter((run) => fitsSearch(run, selection)));
    const oldest = page.items.at(-1);
    const over = page.nextToken === null || (oldest !== undefined && Date.parse(oldest.createdAt) < from);
    if (over || found.length > MAX_SELECTED) return found;
    token = page.nextToken;
  }
}

/**
 * What the action would do to the runs that the filter selects.
 * @throws InvalidRequestError when they are more than one call acts on
 */
export async function planAction(
  deps: OperationDeps,
  action: RunAction,
  selection: RunSelection,
): Promise<SelectionPlan> {
  const selected: RunRecord[] = [];
  for (const state of selection.states ?? RUN_STATES) selected.push(...(await selectState(deps, selection, state)));
  const runs = selected.filter((run) => actionFault(action, run) === null);
  if (runs.length > MAX_SELECTED)
    throw new InvalidRequestError([`the filter selects more than ${MAX_SELECTED} runs: narrow it, such as by time`]);
  return {
    action,
    count: runs.length,
    runs: runs.map(({ runId, state, attempt }) => ({ runId, state, attempt })),
    excluded: selected.length - runs.length,
    hash: sha256(selectionText(action, runs)),
  };
}

/** @returns the run that does the work */
async function act(
  { activities }: OperationDeps,
  action: RunAction,
  run: RunRecord,
  key: string,
  { by, reason, starter }: Operator,
): Promise<RunRecord> {
  const { ledger, requests } = activities;
  // A repetition, or what is refused, is no deed.
  if (actionFault(action, run) === null) await ledger.actions.note({ action, subject: run.runId, by, reason });
  switch (action) {
    case "retry":
      return (await requests.retryRun(run.runId, starter)).run;
    case "cancel":
      return requests.cancelRun(run.runId, starter);
    case "rerun": {
      const { pipeline, window, parameters, runId, attempt } = run;
      const alias = `rerun|${runId}|${attempt}|${key}`;
      const asked = { pipeline, window, parameters, alias, reason: "http", rerun: true } as const;
      return (await requests.requestRun({ ...asked, ...(by === null ? {} : { requestedBy: by }) }, starter)).run;
    }
  }
}

/**
 * Retries or cancels a run, or asks for a new one with the same window and parameters.
 * @param key a rerun with the same key is the same run
 * @throws RunNotInLedgerError, RunStateError; InvalidRequestError when the definition no longer allows it
 */
export async function actOnRun(
  deps: OperationDeps,
  action: RunAction,
  runId: string,
  key: string,
  operator: Operator,
): Promise<RunRecord> {
  const run = await deps.activities.ledger.runs.get(runId);
  if (run === null) throw new RunNotInLedgerError(runId);
  if (action === "rerun" && !isClosed(run.state)) throw new RunStateError(runId, run.state, "run again");
  return act(deps, action, run, key, operator);
}

/**
 * Takes the action on every run that the plan showed; one that fails keeps none of the others waiting.
 * @param hash of the plan that the person saw
 * @throws RefusedError `plan-moved` when the filter selects other runs by now, or they stand elsewhere; nothing is done then
 */
export async function actOnSelection(
  deps: OperationDeps,
  action: RunAction,
  selection: RunSelection,
  hash: string,
  operator: Operator,
): Promise<readonly ActionAnswer[]> {
  const plan = await planAction(deps, action, selection);
  if (plan.hash !== hash)
    throw new RefusedError(
      "plan-moved",
      `the filter selects other runs than before, or they have moved on: ${plan.count} now. Look again, and send the new hash`,
    );
  operator.log.info("action on a selection of runs", { action, pipeline: selection.pipeline, runs: plan.count });
  return inParallel(plan.runs, PARALLEL, async ({ runId }) => {
    try {
      const result = await actOnRun(deps, action, runId, hash, operator);
      return { runId, done: true, fault: null, resultRunId: result.runId };
    } catch (error) {
      const fault = error instanceof LedgerError ? error.message : `not done, ask again: ${faultText(error)}`;
      return { runId, done: false, fault, resultRunId: null };
    }
  });
}

/**
 * Wakes whoever waits for a run's slot, its retry or its Databricks run. The event only wakes: what is not due, such as a slot that
 * another holds, is waited for again.
 * @throws RunNotInLedgerError, RunStateError when it is closed
 */
export async function hurryRun(
  { activities }: OperationDeps,
  runId: string,
  { by, reason, starter }: Operator,
): Promise<RunRecord> {
  const run = await activities.ledger.runs.get(runId);
  if (run === null) throw new RunNotInLedgerError(runId);
  if (isClosed(run.state)) throw new RunStateError(runId, run.state, "hurried");
  await activities.ledger.actions.note({ action: "hurry", subject: runId, by, reason });
  await starter.raise(runInstanceId(runId, run.attempt), WAKE);
  return run;
}
