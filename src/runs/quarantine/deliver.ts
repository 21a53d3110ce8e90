import { gzipSync } from "node:zlib";
import { COLLECTOR } from "../../domain/function-names";
import { collectorInstanceId } from "../../domain/ids";
import type { OrchestrationStarter } from "../../domain/orchestration-starter";
import type { PipelineDefinitions } from "../../domain/pipeline-definition";
import { setAsideId, stagedBlob } from "../../domain/quarantine";
import { recordBlob } from "../../ledger/drops/record-blob";
import { QuarantineItemError } from "../../ledger/errors";
import type { Ledger } from "../../ledger/ledger";
import type { BlobVersion } from "../../ledger/ports";
import type { Delivery, SetAside } from "../../ledger/quarantine-store";

/** What decisions about the quarantine work with. */
export interface QuarantineDeps {
  readonly ledger: Ledger;
  readonly definitions: PipelineDefinitions;
}

/** The bytes that a run froze of a file. @throws QuarantineItemError when they are gone */
export async function frozenCopy(
  ledger: Ledger,
  { runId, path }: Pick<SetAside, "runId" | "path">,
): Promise<BlobVersion> {
  const run = await ledger.runs.get(runId);
  const manifest = run && (await ledger.manifests.find(runId));
  const frozen = manifest?.files.find((file) => file.path === path)?.frozenPath ?? "";
  const [container = "", ...rest] = frozen.split("/");
  const source = { container, path: rest.join("/") };
  const head = frozen === "" ? null : await ledger.blobs.head(source.container, source.path);
  if (head === null)
    throw new QuarantineItemError(setAsideId(runId, path), "gone", "cannot be read again: its frozen copy is gone");
  return { ...source, etag: head.etag, size: head.size };
}

/** Keeps the text of a drop that is going to be released, in the results of the run, where nobody takes it for a drop. */
export async function stage(
  { blobs, containers }: Ledger,
  { runId }: SetAside,
  dropPath: string,
  text: string,
): Promise<void> {
  // Readers go by the name: what is called `.gz` is packed.
  const bytes = dropPath.toLowerCase().endsWith(".gz") ? gzipSync(text) : Buffer.from(text);
  await blobs.createBytes(containers.results, stagedBlob(runId, dropPath), bytes, {});
}

/** Carries out what a decision promised: puts the drop, tells the pipeline of it, and marks it as delivered. Safe to repeat. */
export async function deliver(
  { ledger, definitions }: QuarantineDeps,
  delivery: Delivery,
  starter: OrchestrationStarter,
): Promise<SetAside | null> {
  const { pipeline, runId, container, frozen } = delivery;
  const { blobs, containers } = ledger;
  const item = await ledger.quarantine.find(delivery, "decided");
  const path = item?.decision?.dropPath ?? null;
  if (path === null) return item;
  const metadata = { releasedfrom: runId };
  const isThere = (await blobs.head(container, path)) !== null;
  if (!isThere && frozen) await blobs.copy(await frozenCopy(ledger, delivery), { container, path }, metadata);
  if (!isThere && !frozen) {
    const bytes = await blobs.readBytes(containers.results, stagedBlob(runId, path));
    // Whoever delivers at the same time takes the staged text away once the drop is there.
    if (bytes !== null) await blobs.createBytes(container, path, bytes, metadata);
    else if ((await blobs.head(container, path)) === null)
      throw new Error(`the staged text of ${path}, released from run ${runId}, is gone`);
  }
  await recordBlob({ ...ledger, definitions }, container, path);
  await starter.start(COLLECTOR, collectorInstanceId(pipeline), { pipeline });
  const delivered = await ledger.quarantine.delivered(delivery, ledger.now().toISOString());
  if (!frozen) await blobs.remove(containers.results, stagedBlob(runId, path));
  return delivered;
}
