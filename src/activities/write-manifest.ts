import type { ManifestResult, RunAttempt } from "../domain/activity-types";
import { frozenBlob, manifestBlob } from "../domain/ids";
import { manifestSchema, type Manifest, type ManifestFile } from "../domain/manifest";
import type { BatchEntry } from "../ledger/drop-rows";
import { inParallel } from "../ledger/parallel";
import type { StoredRun } from "../ledger/run-store";
import { isClosed, type BatchCounts } from "../domain/run";
import type { Activity, ActivityDeps } from "../runs/deps";

/** Writes the manifest, once: whoever comes second reads the one that is there. From then on the batch never changes (I2). */
export function createWriteManifest({ ledger }: ActivityDeps): Activity<RunAttempt, ManifestResult> {
  const { batches } = ledger.containers;

  /** Frozen entries of which the ledger still says that this run holds them. */
  async function held(runId: string): Promise<BatchEntry[]> {
    const frozen = [
      ...(await ledger.batches.entries(runId, "frozen")),
      ...(await ledger.batches.entries(runId, "batched")),
    ];
    const checked = await inParallel(frozen, 16, async (entry) => {
      const drop = (await ledger.drops.get(entry.keys))?.drop;
      return drop?.runId === runId && (drop.state === "claimed" || drop.state === "batched") ? entry : null;
    });
    return checked.filter((entry) => entry !== null).sort((a, b) => (a.drop.path < b.drop.path ? -1 : 1));
  }

  function fileOf({ run, definition }: StoredRun, { drop }: BatchEntry): ManifestFile {
    const { path, source, etag, size, lastModified } = drop;
    const inPlace = definition.drops?.freeze === "reference";
    const frozenPath = inPlace ? `${drop.container}/${path}` : `${batches}/${frozenBlob(run.runId, path)}`;
    return { path, source, frozenPath, etag, size, lastModified };
  }

  /** Without files only an explicit window, a repeat on purpose, or a pipeline that takes no drops has anything to score. */
  const nothingToScore = ({ run, definition }: StoredRun): boolean =>
    definition.drops !== undefined && run.window === null && !run.rerun;

  async function stored(runId: string): Promise<Manifest | null> {
    const text = await ledger.blobs.readText(batches, manifestBlob(runId));
    return text === null ? null : manifestSchema.parse(JSON.parse(text));
  }

  async function counts(runId: string, manifest: Manifest): Promise<BatchCounts> {
    const entries = await ledger.batches.entries(runId);
    const having = (outcome: string): number => entries.filter((entry) => entry.outcome === outcome).length;
    const bytes = manifest.files.reduce((sum, file) => sum + file.size, 0);
    return { drops: manifest.files.length, bytes, superseded: having("superseded"), vanished: having("vanished") };
  }

  return async ({ runId, attempt }, { log }) => {
    const found = await ledger.runs.find(runId);
    if (!found || isClosed(found.run.state)) return { kind: "empty", files: 0 };
    let manifest = await stored(runId);
    if (manifest === null) {
      const files = (await held(runId)).map((entry) => fileOf(found, entry));
      if (files.length === 0 && nothingToScore(found)) return { kind: "empty", files: 0 };
      const { pipeline, reason, window } = found.run;
      const own: Manifest = {
        manifestVersion: 1,
        runId,
        pipeline,
        createdAt: ledger.now().toISOString(),
        reason,
        window,
        files,
      };
      manifest = (await ledger.blobs.createJson(batches, manifestBlob(runId), own)) ? own : await stored(runId);
      if (manifest === null) throw new Error(`manifest of ${runId} is neither new nor there`);
    }
    const { createdAt, files } = manifest;
    const batch = await counts(runId, manifest);
    await ledger.runs.change(runId, (current) => (current.frozenAt === null ? { frozenAt: createdAt, batch } : null));
    log.info("manifest written", { runId, attempt, files: files.length, bytes: batch.bytes });
    return { kind: "written", files: files.length };
  };
}
