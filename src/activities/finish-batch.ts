import type { PageResult, RunAttempt } from "../domain/activity-types";
import { manifestBlob } from "../domain/ids";
import { manifestSchema } from "../domain/manifest";
import { inParallel } from "../ledger/parallel";
import { DROPS_PER_ACTIVITY } from "./claim-drops";
import type { Activity, ActivityDeps } from "../runs/deps";

/** Makes the drops of the manifest batched, and gives back what the run holds but the manifest does not list. */
export function createFinishBatch({ ledger }: ActivityDeps): Activity<RunAttempt, PageResult> {
  return async ({ runId }) => {
    const text = await ledger.blobs.readText(ledger.containers.batches, manifestBlob(runId));
    if (text === null) throw new Error(`run ${runId} has no manifest yet`);
    const listed = new Set(manifestSchema.parse(JSON.parse(text)).files.map((file) => `${file.etag} ${file.path}`));
    const open = (await ledger.batches.entries(runId)).filter(({ outcome }) => outcome === "" || outcome === "frozen");
    const page = open.slice(0, DROPS_PER_ACTIVITY);
    await inParallel(page, 16, async (entry) => {
      const inManifest = listed.has(`${entry.drop.etag} ${entry.drop.path}`);
      if (inManifest) await ledger.batches.finish(runId, entry, "batched", `in the batch of ${runId}`);
      else await ledger.batches.giveBack(runId, entry.keys);
    });
    return { remaining: open.length - page.length, copying: 0 };
  };
}
