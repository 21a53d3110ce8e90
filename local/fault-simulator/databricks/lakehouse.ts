import { z } from "zod";
import type { Kernel } from "../kernel/kernel";
import type { MemoryBlobs } from "../ports/memory-blobs";
import type { Notebook } from "./jobs-model";
import type { ModelRun } from "./model-run";

/** What a drop holds: the rows of one day, in some version. One day of the one machine is one as-of point. */
export interface DropContent {
  readonly day: string;
  readonly version: number;
}

/** A point that was scored. */
export interface Prediction {
  readonly day: string;
  readonly version: number;
  readonly model: number;
  readonly runId: string;
  /** The run's own window asked for the day. */
  readonly asked: boolean;
  readonly at: number;
}

/** A feature row: the newest rows of a day when it was made. */
export interface FeatureRow {
  readonly version: number;
  readonly madeAt: number;
  readonly madeBy: string;
}

const manifestFile = z.object({ path: z.string(), frozenPath: z.string(), etag: z.string(), lastModified: z.string() });
const manifestSchema = z.object({ runId: z.string(), files: z.array(manifestFile) });

/**
 * The tables, and what the notebooks promise of them (docs/contracts.md): ingestion takes the manifest's files, the newest delivery of a
 * day wins; features follow whatever was touched and not yet followed; scoring takes the window asked for and every feature row that no scoring consumed yet.
 * All of it is idempotent.
 */
export class Lakehouse {
  readonly rows = new Map<string, { readonly version: number; readonly lastModified: string }>();
  readonly features = new Map<string, FeatureRow>();
  readonly predictions: Prediction[] = [];
  /** Frozen drops that an ingestion read: `<path> <etag>` -> runs. */
  readonly ingested = new Map<string, Set<string>>();
  readonly notScored = new Map<string, string>();
  champion: number | null = null;
  championSince = Number.POSITIVE_INFINITY;
  /** Days whose rows changed and whose features no run has made yet, whichever run touched them. */
  private readonly touched = new Set<string>();
  private readonly consumed = new Set<string>();

  constructor(
    private readonly kernel: Kernel,
    private readonly blobs: MemoryBlobs,
    /** What the version with this ETag held when it was put. */
    private readonly truth: (etag: string) => string | undefined,
  ) {}

  readonly notebook: Notebook = (run) => {
    const step = run.jobName.replace(/^.*batchkeeper-/, "").replaceAll("-", "_");
    switch (step) {
      case "ingestion":
        return this.ingest(run);
      case "features":
        return this.makeFeatures(run);
      case "scoring":
        return this.score(run);
      case "training":
        return this.train(run);
      default:
        return { error: `no notebook ${step}` };
    }
  };

  private ingest(run: ModelRun): ReturnType<Notebook> {
    const runId = run.parameters["run_id"] ?? "";
    const manifest = this.volume(run.parameters["manifest_path"] ?? "");
    if (manifest === null) {
      this.kernel.violate("I2", "started-without-manifest", `run ${runId} was started and has no manifest`);
      return { error: "no manifest" };
    }
    const { files } = manifestSchema.parse(JSON.parse(manifest));
    for (const file of files) {
      const frozen = this.volume(file.frozenPath);
      if (frozen === null || frozen !== this.truth(file.etag)) {
        const found = frozen === null ? "nothing" : frozen;
        this.kernel.violate(
          "I2",
          "frozen-bytes-differ",
          `${file.frozenPath} holds ${found}, not the version ${file.etag}`,
        );
        continue;
      }
      this.take(runId, file, JSON.parse(frozen) as DropContent);
    }
    const n = files.length;
    return exitOf("ingestion", runId, {
      filesListed: n,
      filesRead: n,
      filesQuarantined: 0,
      rowsRead: n,
      rowsAccepted: n,
      rowsQuarantined: 0,
      rowsDuplicate: 0,
    });
  }

  private take(runId: string, file: z.infer<typeof manifestFile>, { day, version }: DropContent): void {
    const key = `${file.path} ${file.etag}`;
    this.ingested.set(key, (this.ingested.get(key) ?? new Set()).add(runId));
    const known = this.rows.get(day);
    if (known && (known.lastModified > file.lastModified || known.version >= version)) return;
    this.rows.set(day, { version, lastModified: file.lastModified });
    this.touched.add(day);
  }

  private makeFeatures(run: ModelRun): ReturnType<Notebook> {
    const runId = run.parameters["run_id"] ?? "";
    const days = new Set([...this.touched, ...this.window(run)]);
    this.touched.clear();
    for (const day of days) {
      const row = this.rows.get(day);
      if (!row || this.features.get(day)?.version === row.version) continue;
      this.features.set(day, { version: row.version, madeAt: this.kernel.now, madeBy: runId });
    }
    return exitOf("features", runId, { asOfPoints: days.size, asOfPointsRecomputed: days.size });
  }

  private score(run: ModelRun): ReturnType<Notebook> {
    const runId = run.parameters["run_id"] ?? "";
    const model = this.champion;
    if (model === null) return exitOf("scoring", runId, {}, { status: "not_ready", reason: "no champion model" });
    const asked = new Set(this.window(run));
    let written = 0;
    for (const [day, { version, madeAt }] of this.features) {
      const key = `${day} ${version}`;
      if (!asked.has(day)) {
        if (this.consumed.has(key)) continue;
        if (madeAt < this.championSince) {
          this.notScored.set(key, "history from before the first champion");
          this.consumed.add(key);
          continue;
        }
      }
      this.consumed.add(key);
      if (this.predictions.some((known) => known.day === day && known.version === version && known.model === model))
        continue;
      this.predictions.push({ day, version, model, runId, asked: asked.has(day), at: this.kernel.now });
      written += 1;
    }
    const counts = {
      asOfPoints: written,
      predictions: written,
      predictionsWritten: written,
      predictionsSuperseded: 0,
      alerts: 0,
    };
    return exitOf("scoring", runId, counts);
  }

  private train(run: ModelRun): ReturnType<Notebook> {
    this.promote();
    return exitOf("training", run.parameters["run_id"] ?? "", { models: 1 });
  }

  /** A new champion. */
  promote(): void {
    this.championSince = Math.min(this.championSince, this.kernel.now);
    this.champion = (this.champion ?? 0) + 1;
  }

  /** What the tables hold in the end, one line a row, in order; `withScores` = those of scoring too. */
  lines(withScores: boolean): string[] {
    const rows = [...this.rows].map(([day, { version }]) => `row of ${day}: version ${version}`);
    const features = [...this.features].map(([day, { version }]) => `features of ${day}: version ${version}`);
    const scores = this.predictions.map(
      ({ day, version, model }) => `prediction of ${day}: version ${version}, model ${model}`,
    );
    return [...rows, ...features, ...(withScores ? scores : [])].sort();
  }

  private window(run: ModelRun): string[] {
    const { window_start: start = "", window_end: end = "" } = run.parameters;
    if (start === "" || end === "") return [];
    return [...this.rows.keys()].filter((day) => `${day}T00:00:00.000Z` >= start && `${day}T00:00:00.000Z` < end);
  }

  private volume(path: string): string | null {
    const [container = "", ...rest] = path.split("/");
    return this.blobs.read(container, rest.join("/"));
  }
}

function exitOf(
  step: string,
  runId: string,
  counts: Readonly<Record<string, number>>,
  end: { status: string; reason: string | null } = { status: "ok", reason: null },
): { exit: string } {
  return { exit: JSON.stringify({ schemaVersion: 1, step, runId, ...end, counts, tables: {}, warnings: [] }) };
}
