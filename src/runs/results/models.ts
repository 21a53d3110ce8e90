import type { RunRecord } from "../../domain/run";
import { inParallel } from "../../ledger/parallel";
import type { Page } from "../../domain/page";

/** Something that a step said of a model version in its exit JSON: that it was trained, judged, promoted or used. */
export interface ModelEvent {
  readonly runId: string;
  readonly pipeline: string;
  readonly step: string;
  readonly at: string;
  /** The gate's decision where the step made one (`metrics.decision`): `promoted`, `refused`, … */
  readonly decision: string | null;
  /** What spoke against it, or what the step warned of. */
  readonly warnings: readonly string[];
  readonly metrics: Readonly<Record<string, number | string>>;
}

/** A version of a registered model, as runs speak of it. */
export interface ModelVersion {
  readonly name: string;
  readonly version: string;
  /** `champion`: what the last run used that trained nothing. `challenger`: judged or trained since, and not promoted. */
  readonly role: "champion" | "challenger" | "former";
  /** Newest first. */
  readonly events: readonly ModelEvent[];
}

/** Where runs come from. */
export interface ModelDeps {
  readonly listRuns: (filter: { readonly pipeline: string; readonly top: number }) => Promise<Page<RunRecord>>;
  /** The run with its steps. */
  readonly getRun: (runId: string) => Promise<RunRecord | null>;
  readonly pipelines: () => Promise<readonly string[]>;
}

const PARALLEL = 8;

/** Model versions that the newest runs of every pipeline speak of, newest first. */
export async function readModels(deps: ModelDeps, runsPerPipeline: number): Promise<ModelVersion[]> {
  const pages = await Promise.all(
    (await deps.pipelines()).map(async (pipeline) => deps.listRuns({ pipeline, top: runsPerPipeline })),
  );
  const runs = await inParallel(
    pages.flatMap(({ items }) => items),
    PARALLEL,
    async ({ runId }) => deps.getRun(runId),
  );
  return modelsOf(runs.filter((run) => run !== null));
}

interface Seen extends ModelEvent {
  readonly name: string;
  readonly version: string;
}

/** The versions that these runs speak of, with their roles. */
export function modelsOf(runs: readonly RunRecord[]): ModelVersion[] {
  const seen = runs.flatMap(eventsOf).sort((a, b) => (a.at < b.at ? 1 : -1));
  const names = [...new Set(seen.map(({ name }) => name))];
  return names.flatMap((name) =>
    versionsOf(
      name,
      seen.filter((event) => event.name === name),
    ),
  );
}

function versionsOf(name: string, seen: readonly Seen[]): ModelVersion[] {
  const judged = new Set(seen.filter(({ decision }) => decision !== null).map(({ runId }) => runId));
  // A run with a gate in it speaks of its challenger; any other one works with the champion.
  const champion = seen.find(({ decision, runId }) => decision === "promoted" || !judged.has(runId))?.version;
  const versions = [...new Set(seen.map(({ version }) => version))];
  const championAt = versions.indexOf(champion ?? "");
  return versions.map((version, index) => ({
    name,
    version,
    role: version === champion ? "champion" : championAt === -1 || index < championAt ? "challenger" : "former",
    events: seen
      .filter((event) => event.version === version)
      .map(({ name: _name, version: _version, ...event }) => event),
  }));
}

function eventsOf(run: RunRecord): Seen[] {
  return run.steps.flatMap(({ name: step, generations }) => {
    const last = generations.at(-1);
    const model = last?.exit?.model;
    if (!last || !model) return [];
    const metrics = last.exit?.metrics ?? {};
    const { decision = null } = metrics;
    return [
      {
        ...{ name: model.name, version: model.version, runId: run.runId, pipeline: run.pipeline, step },
        at: last.endedAt ?? last.intendedAt,
        decision: decision === null ? null : String(decision),
        warnings: last.exit?.warnings ?? [],
        metrics,
      },
    ];
  });
}
