import { z } from "zod";
import { dropKey, textOf } from "../world/ledger-view";
import type { PutVersion } from "../world/truth";
import type { World } from "../world/world";

const manifestSchema = z.object({
  runId: z.string(),
  files: z.array(z.object({ path: z.string(), etag: z.string() })),
});
const NO_ROW = { partitionKey: "", rowKey: "", etag: "" };
const FINAL = new Set(["batched", "superseded", "vanished", "quarantined"]);

/** I1, I2: every drop ends in exactly one batch, or superseded, vanished or quarantined, with a reason that is true. */
export function checkDrops(world: World): void {
  const { kernel, truth, watch, variant } = world;
  const batches = batchesOf(world);
  for (const [key, runs] of batches)
    if (!isChain(world, runs))
      kernel.violate("I1", "drop-in-two-batches", `${key} is in the manifests of ${runs.join(" and ")}`);
  for (const version of truth.versions.values()) {
    const key = dropKey(version.path, version.etag);
    const row = watch.view.drops.get(key);
    if (!row) {
      if (version.gone === null)
        kernel.violate("I1", "drop-not-recorded", `${key} is in the container and not in the ledger`);
      continue;
    }
    const state = textOf(row, "state");
    const orphaned = textOf(row, "pipeline") !== "scoring" || variant !== "plain";
    if (!FINAL.has(state) && !orphaned)
      kernel.violate("I12", "drop-never-ends", `${key} is still ${state} (${textOf(row, "reason")})`);
    if (FINAL.has(state) && textOf(row, "reason") === "")
      kernel.violate("I1", "drop-without-reason", `${key} is ${state} without a reason`);
    if (state === "superseded" && !wasReplaced(world, version))
      kernel.violate("I1", "false-superseded", `${key} is called superseded and nothing took its place`);
    if (state === "vanished" && !wasDeleted(world, version))
      kernel.violate("I1", "false-vanished", `${key} is called vanished and ${version.gone?.how ?? "is there"}`);
    if (state === "quarantined" && version.nature === "plain")
      kernel.violate("I1", "false-quarantined", `${key} is quarantined: ${textOf(row, "reason")}`);
    const inBatch = batches.get(key);
    if (state === "batched" && !inBatch)
      kernel.violate("I1", "batched-in-no-manifest", `${key} is called batched and is in no manifest`);
    if (inBatch && state !== "batched" && FINAL.has(state))
      kernel.violate("I1", "batch-and-other-end", `${key} is in the manifest of ${inBatch.join()} and ${state}`);
  }
}

/** True when other bytes have the name of the version, at once or after it was deleted. */
function wasReplaced({ truth }: World, { path, putAt, gone }: PutVersion): boolean {
  return gone !== null && [...truth.versions.values()].some((other) => other.path === path && other.putAt > putAt);
}

/** True when the blob was gone at some time: this version was deleted, or one that took its place. */
function wasDeleted({ truth }: World, { path, putAt }: PutVersion): boolean {
  return [...truth.versions.values()].some(
    (other) => other.path === path && other.putAt >= putAt && other.gone?.how === "deleted",
  );
}

/** One run, or runs of which each took the batch over from another that failed. */
function isChain({ watch }: World, runs: readonly string[]): boolean {
  const takers = runs.filter((runId) => runs.includes(textOf(watch.view.runs.get(runId) ?? NO_ROW, "retakeOf")));
  return takers.length === runs.length - 1;
}

/** Drops by the runs whose manifests list them. */
export function batchesOf({ blobs }: World): Map<string, string[]> {
  const batches = new Map<string, string[]>();
  for (const [path, blob] of blobs.all("batches")) {
    if (!path.endsWith("/manifest.json")) continue;
    const { runId, files } = manifestSchema.parse(JSON.parse(blob.body));
    for (const file of files)
      batches.set(dropKey(file.path, file.etag), [...(batches.get(dropKey(file.path, file.etag)) ?? []), runId]);
  }
  return batches;
}
