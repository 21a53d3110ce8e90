import { dropKey } from "../world/ledger-view";
import type { World } from "../world/world";
import { batchesOf } from "./drops";

/** I11: what an accepted drop holds is ingested, and its points are scored exactly once by the champion of their time. */
export function checkPoints(world: World): void {
  const { kernel, lakehouse, truth } = world;
  const { features, ingested, notScored, predictions, rows } = lakehouse;
  // A step that a person repairs in the workspace makes its rows behind the app's back, at any time.
  const repaired = [...world.jobs.runs.values()].some((run) => run.repaired);
  const batches = batchesOf(world);
  // The batch of a pipeline whose definition is gone waits for a person to bring it back, and so does what a step of it left behind.
  const orphaned = new Set<string>();
  for (const { path, etag, day, version } of truth.versions.values()) {
    const runs = batches.get(dropKey(path, etag));
    if (!runs?.some((runId) => runId.startsWith("scoring-"))) {
      orphaned.add(`${day} ${version}`);
      continue;
    }
    if (!ingested.has(`${path} ${etag}`))
      kernel.violate(
        "R3",
        "batch-never-ingested",
        `version ${version} of ${day} was frozen by ${runs.join()} and never ingested`,
      );
  }
  for (const [day, { version }] of rows) {
    if (orphaned.has(`${day} ${version}`)) continue;
    if (features.get(day)?.version !== version) {
      kernel.violate(
        "I11",
        "rows-without-features",
        `day ${day} was ingested in version ${version} and has no such feature row`,
      );
      continue;
    }
    const feature = features.get(day);
    const isHistory = feature !== undefined && feature.madeAt < lakehouse.championSince;
    if (repaired || isHistory || notScored.has(`${day} ${version}`)) continue;
    if (!predictions.some((made) => made.day === day && made.version === version))
      kernel.violate("I11", "point-never-scored", `day ${day} has features of version ${version} and was never scored`);
  }
  const seen = new Set<string>();
  for (const { day, version, model, runId, asked } of predictions) {
    const key = `${day} ${version} ${model}`;
    if (seen.has(key) && !asked)
      kernel.violate("I11", "scored-twice", `day ${day}, version ${version} was scored again by ${runId}`);
    seen.add(key);
  }
}
