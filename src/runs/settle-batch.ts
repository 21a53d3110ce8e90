import { isClosed, isRetired, type RunRecord } from "../domain/run";
import { HELD, type BatchEntry } from "../ledger/drops/batch-rows";
import type { Ledger } from "../ledger/ledger";
import { inParallel } from "../ledger/parallel";

/** Drops that one page of batch work handles. */
export const DROPS_PER_PAGE = 500;
/** Pages for which a manifest is read once: it is large when there are many. */
const PAGES_PER_READ = 20;
const PARALLEL = 16;

async function eachHeld(
  ledger: Ledger,
  runId: string,
  pages: number,
  work: (entry: BatchEntry) => Promise<void>,
): Promise<boolean> {
  let left = pages;
  for (const outcome of HELD) {
    for (;;) {
      const page = await ledger.batches.entries(runId, outcome, DROPS_PER_PAGE);
      if (page.length === 0) break;
      if (left === 0) return true;
      left -= 1;
      await inParallel(page, PARALLEL, work);
    }
  }
  return false;
}

/** Moves the drops of the failed run whose batch this one took over. */
async function handOverPages(ledger: Ledger, runId: string, from: string): Promise<boolean> {
  await ledger.batches.adoptOldRows(from);
  for (let pages = PAGES_PER_READ; ; pages -= 1) {
    const page = await ledger.batches.entries(from, "batched", DROPS_PER_PAGE);
    if (page.length === 0) return false;
    if (pages === 0) return true;
    await inParallel(page, PARALLEL, async (entry) => ledger.batches.handOver(from, runId, entry));
  }
}

/**
 * Makes the drops of the manifest batched, and gives back what the run holds but the manifest does not list. Works through a bounded
 * number of drops.
 * @returns true when there is more to do
 */
export async function finishPages(ledger: Ledger, run: RunRecord): Promise<boolean> {
  // Its manifest is gone; a run that a version of before retried all the same has to be able to close.
  if (isRetired(run)) return false;
  const { runId, manifestDraft, retakeOf } = run;
  const { files } = await ledger.manifests.read(runId, manifestDraft);
  if (retakeOf !== null && (await handOverPages(ledger, runId, retakeOf))) return true;
  await ledger.batches.adoptOldRows(runId);
  const listed = new Set(files.map((file) => `${file.etag} ${file.path}`));
  return eachHeld(ledger, runId, PAGES_PER_READ, async (entry) => {
    if (retakeOf === null && listed.has(`${entry.drop.etag} ${entry.drop.path}`))
      await ledger.batches.finish(runId, entry, "batched", `in the batch of ${runId}`);
    else await ledger.batches.giveBack(runId, entry);
  });
}

/** Brings the drops of a run to where the run's row says they belong: into its batch when it is frozen, back when it closed before. */
export async function settleBatch(ledger: Ledger, run: RunRecord): Promise<void> {
  if (run.frozenAt !== null) {
    while (await finishPages(ledger, run));
    return;
  }
  if (!isClosed(run.state)) return;
  await ledger.batches.adoptOldRows(run.runId);
  await eachHeld(ledger, run.runId, Infinity, async (entry) => ledger.batches.giveBack(run.runId, entry));
}
