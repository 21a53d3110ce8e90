import type { ExitJson } from "./exit-json";

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
