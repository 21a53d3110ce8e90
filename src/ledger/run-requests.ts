import type { DropRecord, DropState } from "../domain/drop";
import type { RoutedDrops } from "./drops/route-orphans";
import type { OrchestrationStarter } from "../domain/orchestration-starter";
import type { Page } from "../domain/page";
import type { RunReason, RunRecord, RunState } from "../domain/run";
import type { RunSearch } from "../domain/run-search";
import type { Window } from "../domain/window";

/** What a trigger asks for. */
export interface RunRequest {
  readonly pipeline: string;
  /** As-of span to score; absent = by the definition's rule over the data. */
  readonly window?: Window | null;
  readonly reason: RunReason;
  /** Schedule occurrence, collector round, or the caller's `Idempotency-Key`; unique per pipeline. */
  readonly alias: string;
  /** Asks for a new run although the same work is open or done. */
  readonly rerun?: boolean;
  /** Step parameters that override the definition's. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly requestedBy?: string;
}

/** Answer to a request: the run that does the work, and whether this request made it. */
export interface RequestedRun {
  readonly run: RunRecord;
  readonly created: boolean;
}

/** Filter and page of `listRuns`; newest first. */
export interface RunFilter extends RunSearch {
  readonly pipeline?: string;
  readonly state?: RunState;
  readonly top?: number;
  readonly token?: string;
}

/** Filter and page of `listDrops`; oldest first. */
export interface DropFilter {
  readonly pipeline: string;
  readonly state?: DropState;
  readonly path?: string;
  /** Part of the path, whatever its case. */
  readonly contains?: string;
  /** Seen at or after. */
  readonly seenFrom?: string;
  readonly runId?: string;
  readonly top?: number;
  readonly token?: string;
}

/**
 * The run requests of this deployment: everything that triggers and the HTTP API may do with runs.
 * Errors: `UnknownPipelineError`, `RequestConflictError` (same alias, other request), `RunNotInLedgerError`, `RunStateError`
 * (all in `ledger/errors.ts`); storage faults pass through.
 */
export interface RunRequests {
  /** Inserts the request, then starts its orchestration. Safe to repeat. */
  requestRun(request: RunRequest, starter: OrchestrationStarter): Promise<RequestedRun>;
  listRuns(filter: RunFilter): Promise<Page<RunRecord>>;
  /** The run with its steps and generations, or null. */
  getRun(runId: string): Promise<RunRecord | null>;
  /** Sets the cancel flag and wakes the orchestration. Repeating is no error; an ended run is a `RunStateError`. */
  cancelRun(runId: string, starter: OrchestrationStarter): Promise<RunRecord>;
  /** Opens the next attempt from the failed step. A run whose retry is already open is returned as it is (`created: false`). */
  retryRun(runId: string, starter: OrchestrationStarter): Promise<RequestedRun>;
  /** Every pipeline of which runs or drops may be here: the defined ones, and those whose definition is gone. */
  pipelines(): Promise<readonly string[]>;
  /**
   * Gives the pending drops of a pipeline whose definition is gone to one that takes them.
   * @throws InvalidRequestError when `from` is still defined, UnknownPipelineError when `to` is not
   */
  routeDrops(from: string, to: string, starter: OrchestrationStarter): Promise<RoutedDrops>;
  listDrops(filter: DropFilter): Promise<Page<DropRecord>>;
  /** How many drops of the pipeline are in each state, each up to `MOST_COUNTED`. */
  countDrops(pipeline: string): Promise<Readonly<Record<DropState, number>>>;
  /** Wakes whoever waits for this Databricks run; false when it is not ours. Never changes state. */
  wakeStepOf(databricksRunId: string, starter: OrchestrationStarter): Promise<boolean>;
}
