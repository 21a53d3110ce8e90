import type { ExitJson } from "../domain/exit-json";
import type { Window } from "../domain/window";

export type { Window };

/** Where a run stands. The last five are final until a person asks for a retry. */
export type RunState =
  "requested" | "queued" | "running" | "succeeded" | "failed" | "cancelled" | "not_ready" | "nothing_to_do";

/** Why a run was asked for. */
export type RunReason = "schedule" | "drops" | "http" | "retry";

/** Why a run or a step did not succeed; `code` is stable, `message` is for people. */
export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly step: string | null;
}

/** The stored judgement of one terminal Databricks run. */
export interface StoredVerdict {
  readonly kind: "succeeded" | "failed";
  /** Failure class (see `domain/verdict.ts`), null on success. */
  readonly cause: string | null;
  readonly code: string;
  readonly message: string;
}

/** One Databricks run of one step: the row that holds the intent, then the run id, then the verdict. */
export interface GenerationRecord {
  readonly runId: string;
  readonly step: string;
  readonly ordinal: number;
  readonly generation: number;
  readonly attempt: number;
  readonly job: string;
  readonly idempotencyToken: string;
  /** Decimal Databricks run id; null until run-now was answered. */
  readonly databricksRunId: string | null;
  readonly jobId: string | null;
  readonly taskRunId: string | null;
  readonly url: string | null;
  readonly lifeCycleState: string | null;
  readonly resultState: string | null;
  /** True once the Databricks run was seen terminal, or is known never to have been started. */
  readonly terminal: boolean;
  readonly verdict: StoredVerdict | null;
  /** Status of the exit JSON (`ok`, `not_ready`, `nothing_to_do`), null without one. */
  readonly status: string | null;
  readonly exit: ExitJson | null;
  /** Blob of the exit JSON in the batches container. */
  readonly exitPath: string | null;
  /** The last fault of a call about it that is being tried again (unreachable host, 429); null when the last call went well. */
  readonly lastFault: string | null;
  readonly intendedAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationSeconds: number | null;
}

/** State of a step, derived from its last generation and the run. */
export type StepState =
  "pending" | "running" | "succeeded" | "failed" | "not_ready" | "nothing_to_do" | "cancelled" | "skipped";

/** A step of a run with every generation it had, oldest first. */
export interface StepRecord {
  readonly name: string;
  readonly job: string;
  readonly state: StepState;
  readonly generations: readonly GenerationRecord[];
}

/** Size of the frozen batch; zeros until the freeze. */
export interface BatchCounts {
  readonly drops: number;
  readonly bytes: number;
  readonly superseded: number;
  readonly vanished: number;
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
  readonly endedAt: string | null;
  readonly cancelRequestedAt: string | null;
  readonly batch: BatchCounts;
  readonly error: RunError | null;
  /** Last attempt whose end was notified; 0 when none was. */
  readonly notifiedAttempt: number;
  /** Entity tag of the stored row; changes with every write. */
  readonly etag: string;
  /** Empty in lists; filled by `getRun`. */
  readonly steps: readonly StepRecord[];
}

/** What became of a drop. `claimed` is passing; the last four are final. */
export type DropState = "pending" | "claimed" | "batched" | "superseded" | "vanished" | "quarantined";

/** One version (path and ETag) of one blob in a drops container. */
export interface DropRecord {
  readonly pipeline: string;
  readonly container: string;
  readonly path: string;
  readonly source: string;
  readonly etag: string;
  readonly size: number;
  readonly lastModified: string;
  readonly state: DropState;
  /** Why the drop is where it is; null while pending. */
  readonly reason: string | null;
  /** The run whose batch holds it. */
  readonly runId: string | null;
  readonly seenAt: string;
}

/** Page of a list; pass `nextToken` back to go on. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string | null;
}

/** The part of the durable client that the ledger's callers may use. Management URLs never pass through it. */
export interface OrchestrationStarter {
  /** Starts an instance; an instance of that id which is already running is left alone. */
  start(orchestrator: string, instanceId: string, input: unknown): Promise<void>;
  /** Raises an event that only hastens; an absent or finished instance is no error. */
  raise(instanceId: string, eventName: string): Promise<void>;
  /** Runtime status (`Running`, `Failed`, …), or null when there is no such instance. */
  status(instanceId: string): Promise<string | null>;
  terminate(instanceId: string, reason: string): Promise<void>;
}

/** True for states that only a retry leaves. */
export function isClosed(state: RunState): boolean {
  return state !== "requested" && state !== "queued" && state !== "running";
}
