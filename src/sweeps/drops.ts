import { COLLECTOR } from "../domain/function-names";
import { collectorInstanceId, manifestBlob } from "../domain/ids";
import { manifestSchema } from "../domain/manifest";
import { recordBlob } from "../ledger/record-blob";
import { isClosed } from "../domain/run";
import type { SweepPass } from "./deps";

/** Starts the collector of every pipeline that has pending drops; a live one is left alone. */
export async function sweepPendingDrops({ activities, definitions, starter }: SweepPass): Promise<void> {
  for (const pipeline of definitions.keys()) {
    if (!(await activities.ledger.drops.hasPending(pipeline))) continue;
    await starter.start(COLLECTOR, collectorInstanceId(pipeline), { pipeline });
  }
}

/** Gives back drops that a run claimed too late for its manifest, or that a run which closed before its freeze still holds. */
export async function sweepClaims({ activities: { ledger }, log }: SweepPass): Promise<void> {
  const manifests = new Map<string, Set<string> | null>();
  for (const { keys, drop } of await ledger.drops.claimed()) {
    const run = drop.runId === null ? null : await ledger.runs.get(drop.runId);
    // Before its freeze an open run holds what it claimed; after it, `finishBatch` is at work until the run starts its steps.
    if (run === null || (run.frozenAt === null && !isClosed(run.state))) continue;
    if (!manifests.has(run.runId)) manifests.set(run.runId, await listed(ledger, run.runId));
    const inManifest = manifests.get(run.runId)?.has(`${drop.etag} ${drop.path}`) === true;
    log.warn("drop was still claimed", { runId: run.runId, inManifest });
    const entry = { keys, drop, outcome: "frozen" } as const;
    if (inManifest) await ledger.batches.finish(run.runId, entry, "batched", `in the batch of ${run.runId}`);
    else await ledger.batches.giveBack(run.runId, keys);
  }
}

async function listed(ledger: SweepPass["activities"]["ledger"], runId: string): Promise<Set<string> | null> {
  const text = await ledger.blobs.readText(ledger.containers.batches, manifestBlob(runId));
  return text === null
    ? null
    : new Set(manifestSchema.parse(JSON.parse(text)).files.map((file) => `${file.etag} ${file.path}`));
}

/** Compares the containers with the ledger: a blob whose event never came is recorded now (I1). Mends indexes first. */
export async function scanContainers({ activities: { ledger }, definitions, log }: SweepPass): Promise<void> {
  await ledger.drops.mendPending();
  const containers = new Set(
    [...definitions.values()].map((definition) => definition.drops?.container).filter((name) => name !== undefined),
  );
  for (const container of containers) {
    let found = 0;
    for await (const { blobs } of ledger.blobs.list(container)) {
      for (const { path, etag } of blobs) {
        if ((await ledger.drops.find(container, path, etag)) !== null) continue;
        const recorded = await recordBlob({ definitions, drops: ledger.drops, blobs: ledger.blobs }, container, path);
        if (recorded?.created) found += 1;
      }
    }
    if (found > 0) log.warn("blobs without an event were recorded", { container, drops: found });
  }
}
