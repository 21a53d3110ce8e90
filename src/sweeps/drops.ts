import { COLLECTOR } from "../domain/function-names";
import { collectorInstanceId } from "../domain/ids";
import { holdingPause } from "../domain/pause";
import { isClosed } from "../domain/run";
import { indexPartition, toDropRecord, toIndexEntry } from "../ledger/drops/drop-rows";
import type { Row } from "../ledger/ports";
import { rowsOf } from "../ledger/ranges";
import { settleBatch } from "../runs/settle-batch";
import { dueRetake } from "../runs/take-over-batch";
import type { SweepPass } from "./deps";
import { forEachItem } from "./for-each-item";

/** Claims that one pass looks at for a pipeline. */
const CLAIMS_PER_PASS = 2000;

/** Starts the collector of every pipeline that has something to collect; a live one is left alone. */
export async function sweepPendingDrops(pass: SweepPass): Promise<void> {
  const { ledger } = pass.activities;
  await forEachPipeline(pass, async (pipeline) => {
    const asks = async (): Promise<boolean> =>
      holdingPause((await ledger.states.get(pipeline)).pause) === null &&
      ((await ledger.drops.hasPending(pipeline)) || (await dueRetake(ledger, pipeline, null)) !== null);
    const needed = (await ledger.unfinished.list(pipeline, 1)).length > 0 || (await asks());
    if (needed) await pass.starter.start(COLLECTOR, collectorInstanceId(pipeline), { pipeline });
  });
}

/** Does the work for every pipeline that takes drops. */
async function forEachPipeline(
  { log, definitions }: SweepPass,
  work: (pipeline: string) => Promise<void>,
): Promise<void> {
  const pipelines = [...definitions.values()].flatMap(({ name, drops }) => (drops ? [name] : []));
  await forEachItem(log, pipelines, (pipeline) => ({ pipeline }), work);
}

/** A run whose claims are over, with the versions that its manifest lists. */
type Claimer = { readonly mayHold: boolean; readonly listed: ReadonlySet<string> };

/** Settles the batch of a run that should hold no claims any more, page by page. */
async function settleClaimer({ activities: { ledger } }: SweepPass, runId: string): Promise<Claimer> {
  const run = await ledger.runs.get(runId);
  // Before its freeze an open run holds what it claimed; after it, `finishBatch` is at work until the run starts its steps.
  if (run !== null && run.frozenAt === null && !isClosed(run.state)) return { mayHold: true, listed: new Set() };
  if (run !== null) await settleBatch(ledger, run);
  const isFrozen = run !== null && run.frozenAt !== null;
  const files = isFrozen ? (await ledger.manifests.read(runId, run.manifestDraft)).files : [];
  return { mayHold: false, listed: new Set(files.map((file) => `${file.etag} ${file.path}`)) };
}

/** Settles one drop that is claimed all the same: nothing in the batch of its run leads to it. */
async function settleClaim({ activities: { ledger }, log }: SweepPass, row: Row, { listed }: Claimer): Promise<void> {
  const stored = await ledger.drops.verify(toIndexEntry(row));
  if (stored?.drop.state !== "claimed" || stored.drop.runId === null) return;
  const { runId, etag, path } = stored.drop;
  const inManifest = listed.has(`${etag} ${path}`);
  log.warn("drop was still claimed", { runId, inManifest });
  const entry = ledger.batches.unlisted(stored);
  if (inManifest) await ledger.batches.finish(runId, entry, "batched", `in the batch of ${runId}`);
  else await ledger.batches.giveBack(runId, entry);
}

/** Goes through some claims of a pipeline, from where the pass before stopped. */
async function sweepClaimsOf(pass: SweepPass, pipeline: string): Promise<void> {
  const { ledger } = pass.activities;
  const name = `claims|${pipeline}`;
  const cursor = await ledger.cursors.get(name);
  const after = typeof cursor?.["after"] === "string" && cursor["after"] !== "" ? { after: cursor["after"] } : {};
  const claimers = new Map<string, Claimer>();
  const claims = await rowsOf(ledger.drops.table, {
    partition: indexPartition("claimed", pipeline),
    ...after,
    limit: CLAIMS_PER_PASS,
  });
  // First, so that a claim that cannot be settled does not keep the sweep from those behind it.
  const next = claims.length < CLAIMS_PER_PASS ? "" : (claims.at(-1)?.rowKey ?? "");
  if (next !== (cursor?.["after"] ?? "")) await ledger.cursors.set(name, { after: next });
  const settle = async (row: Row): Promise<void> => {
    const runId = toDropRecord(row).runId ?? "";
    const claimer = claimers.get(runId) ?? (await settleClaimer(pass, runId));
    claimers.set(runId, claimer);
    if (!claimer.mayHold) await settleClaim(pass, row, claimer);
  };
  await forEachItem(pass.log, claims, (row) => ({ pipeline, runId: toDropRecord(row).runId }), settle);
}

/** Gives back drops that a run claimed too late for its manifest, or that a run which closed before its freeze still holds. */
export async function sweepClaims(pass: SweepPass): Promise<void> {
  const pipelines = await pass.activities.ledger.registry.pipelines();
  await forEachItem(
    pass.log,
    pipelines,
    (pipeline) => ({ pipeline }),
    async (pipeline) => sweepClaimsOf(pass, pipeline),
  );
}
