import type { ManifestResult, RunAttempt } from "../domain/activity-types";
import type { Manifest } from "../domain/manifest";
import { isClosed, type BatchCounts, type RunRecord } from "../domain/run";
import type { StoredRun } from "../ledger/run-store";
import { mayHaveLeftWork } from "../runs/catch-up";
import { composeManifest } from "../runs/compose-manifest";
import type { Activity, ActivityDeps } from "../runs/deps";

/**
 * Freezes the batch: the run's row chooses a manifest, once, and only while this attempt is open; the blob follows. From then on the batch
 * never changes (I2).
 */
export function createWriteManifest({ ledger }: ActivityDeps): Activity<RunAttempt, ManifestResult> {
  const { batches, manifests, runs } = ledger;

  /**
   * Without files only an explicit window, a repeat on purpose, a pipeline that takes no drops, or one that catches up has anything
   * to score.
   */
  async function nothingToScore({ run, definition: { drops } }: StoredRun): Promise<boolean> {
    if (drops === undefined || run.window !== null || run.rerun) return false;
    return !(drops.catchUp && run.reason === "schedule" && (await mayHaveLeftWork(runs, run)));
  }

  async function counts(runId: string, { files }: Manifest): Promise<BatchCounts> {
    const having = async (outcome: "superseded" | "vanished" | "quarantined"): Promise<number> =>
      (await batches.entries(runId, outcome)).length;
    return {
      drops: files.length,
      bytes: files.reduce((sum, file) => sum + file.size, 0),
      superseded: await having("superseded"),
      vanished: await having("vanished"),
      quarantined: await having("quarantined"),
    };
  }

  /** Lets the run's row choose; null when there is nothing to score, or the run closed meanwhile. */
  async function freeze(stored: StoredRun): Promise<RunRecord | null> {
    const { runId, attempt } = stored.run;
    // Before version 0.2 the blob came first: then it is the manifest, whatever the row says.
    const manifest = (await manifests.find(runId)) ?? (await composeManifest(ledger, stored));
    if (manifest.files.length === 0 && (await nothingToScore(stored))) {
      // Another execution may have frozen the batch meanwhile, and its files moved on.
      const now = await runs.get(runId);
      return now?.frozenAt ? now : null;
    }
    const batch = await counts(runId, manifest);
    const manifestDraft = await manifests.draft(manifest);
    const run = await runs.change(runId, (current) =>
      isClosed(current.state) || current.attempt !== attempt || current.frozenAt !== null
        ? null
        : { frozenAt: manifest.createdAt, manifestDraft, batch },
    );
    return run.frozenAt === null ? null : run;
  }

  return async ({ runId, attempt }, { log }) => {
    const stored = await runs.find(runId);
    if (!stored || isClosed(stored.run.state) || stored.run.attempt !== attempt) return { kind: "empty", files: 0 };
    const run = stored.run.frozenAt === null ? await freeze(stored) : stored.run;
    if (run === null) return { kind: "empty", files: 0 };
    const { files } = await manifests.read(runId, run.manifestDraft);
    log.info("manifest written", { runId, attempt, files: files.length, bytes: run.batch.bytes });
    return { kind: "written", files: files.length };
  };
}
