import type { RetryPolicy } from "./retry";
import type { FailureCause } from "./verdict";

/** One attempt of one run: the input of an orchestration and of most activities. */
export interface RunAttempt {
  readonly runId: string;
  readonly attempt: number;
}

/** One generation of one step of an attempt. */
export interface StepAttempt extends RunAttempt {
  readonly ordinal: number;
  readonly generation: number;
}

/** A step as the orchestrator needs it, with what earlier attempts left. */
export interface StepPlan {
  readonly ordinal: number;
  readonly name: string;
  readonly timeoutSeconds: number;
  readonly retry: RetryPolicy;
  /** True when an earlier attempt finished it. */
  readonly done: boolean;
  readonly firstGeneration: number;
}

/** Answer of `openRun`: the plan, or that there is nothing to do for this attempt. */
export type OpenedRun =
  | { readonly kind: "closed" }
  | {
      readonly kind: "open";
      readonly takesDrops: boolean;
      readonly frozen: boolean;
      /** Of the attempt, from the moment it has its slot. */
      readonly timeoutSeconds: number;
      readonly steps: readonly StepPlan[];
    };

/** Answer of `takeSlot`. */
export interface SlotResult {
  readonly granted: boolean;
  readonly position: number;
  readonly cancelRequested: boolean;
}

/** Input of `claimDrops`: what the pages before took. */
export interface ClaimInput extends RunAttempt {
  readonly files: number;
  readonly bytes: number;
}

/** Answer of `claimDrops`: what all pages together took. */
export interface ClaimResult {
  readonly files: number;
  readonly bytes: number;
  readonly more: boolean;
  readonly cancelRequested: boolean;
  /** How long the freeze may go without getting a drop further. */
  readonly freezeTimeoutSeconds: number;
}

/** Input of `freezeDrops`. */
export interface FreezeInput extends RunAttempt {
  /** True when the freeze made no progress for too long: what cannot be frozen now is quarantined. */
  readonly giveUp: boolean;
}

/** Answer of `freezeDrops`. */
export interface FreezeResult {
  /** What is left: drops not yet tried, only drops to be looked at again, or none. */
  readonly left: "untried" | "waiting" | "none";
  /** Drops that this page brought to an outcome. */
  readonly settled: number;
  readonly cancelRequested: boolean;
}

/** Answer of `finishBatch`. */
export interface FinishResult {
  readonly more: boolean;
}

/** Answer of `writeManifest`: `empty` = no file and nothing to score. */
export interface ManifestResult {
  readonly kind: "written" | "empty";
  readonly files: number;
}

/** How a generation ended. */
export type StepOutcome =
  | {
      readonly kind: "succeeded";
      readonly status: "ok" | "not_ready" | "nothing_to_do";
      readonly reason: string | null;
    }
  | { readonly kind: "failed"; readonly cause: FailureCause; readonly code: string; readonly message: string };

/** Why the app itself ends a Databricks run: the step's time limit, the run's, or a person. */
export type Stopping = "timedOut" | "runTimedOut" | "cancelled";

/** Input of `pollStep`. */
export interface PollInput extends StepAttempt {
  readonly stopping: Stopping | null;
}

/** Answer of `startStep` and `pollStep`. */
export type StepResult =
  | { readonly kind: "ended"; readonly outcome: StepOutcome }
  | { readonly kind: "running"; readonly cancelRequested: boolean }
  | { readonly kind: "wait"; readonly seconds: number; readonly cancelRequested: boolean; readonly fault: string };

/** Final states that an orchestration gives a run. */
export type ClosingState = "succeeded" | "failed" | "cancelled" | "not_ready" | "nothing_to_do";

/** Input of `closeRun`. */
export interface CloseInput extends RunAttempt {
  readonly state: ClosingState;
  readonly error: { readonly code: string; readonly message: string; readonly step: string | null } | null;
}

/** How an attempt ends. */
export type AttemptOutcome = Pick<CloseInput, "state" | "error">;

/** Answer of `settleRun`: Databricks runs of the run that are not terminal yet. */
export interface SettleResult {
  readonly remaining: number;
}

/** Answer of `releaseSlot`. */
export interface ReleaseResult {
  readonly released: boolean;
}

/** Answer of `inspectPending`. */
export interface PendingResult {
  readonly count: number;
  readonly oldestSeenAt: string | null;
  readonly newestSeenAt: string | null;
  readonly quietPeriodSeconds: number;
  readonly maxWaitSeconds: number;
  /** True while a run that was asked for has not yet taken its batch: what is pending will join it. */
  readonly covered: boolean;
  /** True when the batch of a failed run is to be taken over now. */
  readonly retakeDue: boolean;
  /** Seconds until a blob that is not finished yet is looked at again; null when there is none. */
  readonly lookAgainSeconds: number | null;
}

/** Input of the collector and of its activities. */
export interface CollectorInput {
  readonly pipeline: string;
}

/** Input of `requestBatch`. */
export interface RequestBatchInput extends CollectorInput {
  readonly alias: string;
}
