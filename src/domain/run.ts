import type { Window } from "./window";
import type { Waiting } from "./waiting";
import type { GenerationRecord } from "./generation";

/** Where a run may stand. The last five are final until a person asks for a retry. */
export const RUN_STATES = [
  "requested",
  "queued",
  "running",
  "succeeded",
  "failed",
  "cancelled",
  "not_ready",
  "nothing_to_do",
] as const;

export type RunState = (typeof RUN_STATES)[number];

/** Why a run was asked for. */
export const RUN_REASONS = ["schedule", "drops", "http", "retry", "backfill"] as const;
export type RunReason = (typeof RUN_REASONS)[number];

/** Why a run or a step did not succeed; `code` is stable, `message` is for people. */
export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly step: string | null;
}

/** State of a step, derived from its last generation and the run. */
export type StepState =
  "pending" | "running" | "succeeded" | "failed" | "not_ready" | "nothing_to_do" | "cancelled" | "skipped";

/** A step of a run with every generation it had, oldest first. */
export interface StepRecord {
  readonly name: string;
  readonly job: string;
  /** Of the compute that the job runs on, by the definition. */
  readonly dbuPerHour: number;
  readonly state: StepState;
  readonly generations: readonly GenerationRecord[];
}

/** Size of the frozen batch; zeros until the freeze. */
export interface BatchCounts {
  readonly drops: number;
  readonly bytes: number;
  readonly superseded: number;
  readonly vanished: number;
  /** Drops whose bytes could not be frozen. */
  readonly quarantined: number;
}

/** One execution of a pipeline, as the ledger knows it. */
export interface RunRecord {
  readonly runId: string;
  readonly pipeline: string;
  readonly state: RunState;
  readonly reason: RunReason;
  readonly window: Window | null;
  readonly alias: string;
  /** True when a person asked to run although the work was done before. */
  readonly rerun: boolean;
  readonly requestedBy: string | null;
  /** The deployment that made the run; empty in rows of version 0.1.0. */
  readonly deploymentId: string;
  /** Step parameters of the request that override the definition's. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Counts from 1; a person's `retry` adds one. */
  readonly attempt: number;
  /** When the current attempt was asked for; places its slot ticket. */
  readonly requestedAt: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  /** When the manifest was written; drops seen later belong to a later batch. */
  readonly frozenAt: string | null;
  /** Which draft of the manifest the freeze chose; null before, and for runs of before version 0.2. */
  readonly manifestDraft: string | null;
  /** The failed run whose batch this one took over. */
  readonly retakeOf: string | null;
  /** How often this batch was taken over. */
  readonly retakes: number;
  /** The run that took this one's batch over; it can no longer be retried. */
  readonly supersededBy: string | null;
  readonly endedAt: string | null;
  /** When retention removed the histories of its orchestrations; absent while they are there. */
  readonly historyRemovedAt?: string;
  /** When retention began to remove its batch: from then on it can be neither retried nor taken over. */
  readonly retiredAt?: string;
  /** When retention removed its frozen copies with manifest and lists; absent while they are there. */
  readonly batchRemovedAt?: string;
  readonly cancelRequestedAt: string | null;
  readonly batch: BatchCounts;
  /** What people should know of the batch, such as a delivery that was taken incomplete; absent when there is nothing. */
  readonly notes?: readonly string[];
  readonly error: RunError | null;
  /** Entity tag of the stored row; changes with every write. */
  readonly etag: string;
  /** What an open run waits for; null in lists, filled by `getRun`. */
  readonly waiting: Waiting | null;
  /** Empty in lists; filled by `getRun`. */
  readonly steps: readonly StepRecord[];
}

/** True for states that only a retry leaves. */
export function isClosed(state: RunState): boolean {
  return state !== "requested" && state !== "queued" && state !== "running";
}

/** True once retention took, or began to take, the batch of a run; rows of before `retiredAt` say the former alone. */
export function isRetired({ retiredAt, batchRemovedAt }: Pick<RunRecord, "retiredAt" | "batchRemovedAt">): boolean {
  return (retiredAt ?? batchRemovedAt) !== undefined;
}
