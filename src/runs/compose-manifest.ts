import type { Manifest, ManifestFile } from "../domain/manifest";
import type { RunRecord } from "../domain/run";
import type { BatchEntry } from "../ledger/drops/batch-rows";
import { holds } from "../ledger/drops/batch-store";
import type { Ledger } from "../ledger/ledger";
import { inParallel } from "../ledger/parallel";
import type { StoredRun } from "../ledger/run-store";

const PARALLEL = 32;

const byPath = (a: ManifestFile, b: ManifestFile): number => (a.path < b.path ? -1 : 1);
const bySeenAt = ({ drop: a }: BatchEntry, { drop: b }: BatchEntry): number =>
  a.seenAt < b.seenAt || (a.seenAt === b.seenAt && a.lastModified < b.lastModified) ? -1 : 1;

/** The oldest drops that one batch takes: of every path one version, and no more than the definition has room for. */
export function chooseEntries(entries: readonly BatchEntry[], maxFiles: number, maxBytes: number): BatchEntry[] {
  const paths = new Set<string>();
  const chosen: BatchEntry[] = [];
  let bytes = 0;
  for (const entry of [...entries].sort(bySeenAt)) {
    if (paths.has(entry.drop.path)) continue;
    if (chosen.length >= maxFiles || (chosen.length > 0 && bytes + entry.drop.size > maxBytes)) break;
    paths.add(entry.drop.path);
    chosen.push(entry);
    bytes += entry.drop.size;
  }
  return chosen;
}

/** What this run has frozen itself, as far as the ledger still says that it holds it. */
async function ownFiles({ batches, drops }: Ledger, { run, definition }: StoredRun): Promise<ManifestFile[]> {
  const frozen = await batches.entries(run.runId, "frozen");
  const held = await inParallel(frozen, PARALLEL, async (entry) => {
    const truth = await drops.get(entry.keys);
    return truth && holds(run.runId, entry, truth) ? entry : null;
  });
  const own = held.filter((entry) => entry !== null);
  const { maxFiles = Infinity, maxBytes = Infinity } = definition.drops ?? {};
  return chooseEntries(own, maxFiles, maxBytes).map(({ drop, frozenPath }) => {
    const { path, source, etag, size, lastModified } = drop;
    return { path, source, frozenPath, etag, size, lastModified };
  });
}

/** The files of the failed run whose batch this one took over; null when it took none, or it is no longer its own. */
async function takenFiles({ runs, manifests }: Ledger, { runId, retakeOf }: RunRecord): Promise<ManifestFile[] | null> {
  const failed = retakeOf === null ? null : await runs.get(retakeOf);
  if (failed?.supersededBy !== runId) return null;
  return (await manifests.read(failed.runId, failed.manifestDraft)).files;
}

/** The manifest that a run would be frozen with now. */
export async function composeManifest(ledger: Ledger, stored: StoredRun): Promise<Manifest> {
  const { runId, pipeline, reason, window } = stored.run;
  const files = (await takenFiles(ledger, stored.run)) ?? (await ownFiles(ledger, stored));
  const createdAt = ledger.now().toISOString();
  return { manifestVersion: 1, runId, pipeline, createdAt, reason, window, files: [...files].sort(byPath) };
}
