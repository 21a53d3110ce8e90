import { parseRunId } from "../../domain/ids";
import type { RunRecord } from "../../domain/run";
import { inParallel } from "../../ledger/parallel";
import type { BlobPort } from "../../ledger/ports";
import type { RunStore } from "../../ledger/run-store";
import { readParquet, type ParquetRow } from "./parquet";

/** What a model said of one entity, as of one time, for one target and horizon. */
export interface Prediction {
  readonly runId: string;
  /** The id of what may fail, as text. */
  readonly entity: string;
  /** What may happen to it, such as the component that may fail. */
  readonly target: string;
  readonly asOf: string;
  readonly horizonHours: number;
  /** 0 to 1. */
  readonly probability: number;
  readonly threshold: number;
  readonly alert: boolean;
  readonly reasons: readonly string[];
  readonly note: string | null;
  readonly modelVersion: string;
  /** Counts the re-scores of this very point. */
  readonly revision: number;
}

/** Scores of one run. */
export interface RunScores {
  readonly runId: string;
  readonly predictions: readonly Prediction[];
}

/** What predictions are read from. */
export interface PredictionDeps {
  readonly runs: Pick<RunStore, "list">;
  readonly blobs: Pick<BlobPort, "head" | "readBytes">;
  /** The results container. */
  readonly container: string;
}

/** Reads what scoring exported (`<run id>/predictions.parquet` in the results container); no SQL warehouse runs for it. */
export interface Predictions {
  /** The newest run of the pipeline that exported scores, or the named one; null without any. */
  latest(pipeline: string, runId?: string): Promise<RunScores | null>;
  /** All that runs exported of one entity, oldest first; of a point that was scored again the newest revision. */
  history(pipeline: string, entity: string, runs: number): Promise<readonly Prediction[]>;
}

/** Decoded predictions that are kept: some hundred megabytes at most. */
const MAX_KEPT_ROWS = 400_000;
const PARALLEL = 6;
/** How many runs are looked through for one that exported something. */
const MAX_LOOKED_AT = 100;

interface Kept {
  readonly etag: string;
  readonly predictions: readonly Prediction[];
}

class ExportedPredictions implements Predictions {
  private readonly kept = new Map<string, Kept>();
  private keptRows = 0;

  constructor(private readonly deps: PredictionDeps) {}

  async latest(pipeline: string, runId?: string): Promise<RunScores | null> {
    if (runId !== undefined && parseRunId(runId)?.pipeline !== pipeline) return null;
    const candidates = runId === undefined ? await this.succeeded(pipeline, MAX_LOOKED_AT) : [runId];
    for (const candidate of candidates) {
      const predictions = await this.of(candidate);
      if (predictions !== null && predictions.length > 0) return { runId: candidate, predictions };
    }
    return null;
  }

  async history(pipeline: string, entity: string, runs: number): Promise<readonly Prediction[]> {
    const ids = await this.succeeded(pipeline, runs);
    const found = await inParallel(ids, PARALLEL, async (runId) =>
      ((await this.of(runId)) ?? []).filter((prediction) => prediction.entity === entity),
    );
    const newest = new Map<string, Prediction>();
    // Oldest run first, so that a later one of the same revision stands.
    for (const prediction of found.reverse().flat()) {
      const key = `${prediction.asOf}|${prediction.target}|${prediction.horizonHours}`;
      if ((newest.get(key)?.revision ?? 0) <= prediction.revision) newest.set(key, prediction);
    }
    return [...newest.values()].sort((a, b) => (a.asOf < b.asOf ? -1 : a.asOf > b.asOf ? 1 : 0));
  }

  private async succeeded(pipeline: string, top: number): Promise<string[]> {
    const { items } = await this.deps.runs.list(pipeline, "succeeded", top, undefined);
    return items.map((run: RunRecord) => run.runId);
  }

  /** What a run exported; null when it exported nothing. A run that scores again writes the file anew. */
  private async of(runId: string): Promise<readonly Prediction[] | null> {
    const { blobs, container } = this.deps;
    const path = `${runId}/predictions.parquet`;
    const head = await blobs.head(container, path);
    if (head === null) return null;
    const known = this.kept.get(runId);
    if (known?.etag === head.etag) return known.predictions;
    const bytes = await blobs.readBytes(container, path);
    if (bytes === null) return null;
    const predictions = predictionsOf(runId, await readParquet(bytes));
    this.keep(runId, { etag: head.etag, predictions });
    return predictions;
  }

  /** Keeps decoded files as far as memory allows; the oldest goes first. */
  private keep(runId: string, entry: Kept): void {
    this.forget(runId);
    this.kept.set(runId, entry);
    this.keptRows += entry.predictions.length;
    for (const oldest of this.kept.keys()) {
      if (this.keptRows <= MAX_KEPT_ROWS || oldest === runId) break;
      this.forget(oldest);
    }
  }

  private forget(runId: string): void {
    this.keptRows -= this.kept.get(runId)?.predictions.length ?? 0;
    this.kept.delete(runId);
  }
}

/** Builds the reader; makes no call. */
export function createPredictions(deps: PredictionDeps): Predictions {
  return new ExportedPredictions(deps);
}

/** Columns that every scenario's export has; the first one beside them is the entity, the second the target. */
const COMMON = new Set([
  ...["as_of", "horizon_h", "probability", "decision", "threshold"],
  ...["reasons", "note", "model_version", "revision"],
]);

function predictionsOf(
  runId: string,
  { columns, rows }: { readonly columns: readonly string[]; readonly rows: readonly ParquetRow[] },
): Prediction[] {
  const [entity, target] = columns.filter((column) => !COMMON.has(column));
  if (entity === undefined || target === undefined)
    throw new Error(`predictions.parquet of ${runId} names no entity or target: ${columns.join(", ")}`);
  return rows.map((row) => ({
    runId,
    entity: String(row[entity]),
    target: String(row[target]),
    asOf: (row["as_of"] as Date).toISOString(),
    horizonHours: Number(row["horizon_h"]),
    probability: Number(row["probability"]),
    threshold: Number(row["threshold"]),
    alert: row["decision"] === true,
    reasons: (row["reasons"] as readonly string[] | null) ?? [],
    note: (row["note"] as string | null) ?? null,
    modelVersion: String(row["model_version"]),
    revision: Number(row["revision"]),
  }));
}
