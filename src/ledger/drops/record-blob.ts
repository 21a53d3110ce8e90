import { isFolder, PROBE_PATH, unfinished, unreadable, type DropRecord } from "../../domain/drop";
import { deliveryOf } from "../../domain/delivery";
import { routeDrop, type PipelineDefinitions } from "../../domain/pipeline-definition";
import { StorageError, type BlobPort } from "../ports";
import type { SeenDrop } from "./drop-rows";
import type { DeliveryStore } from "./delivery-store";
import type { DropStore } from "./drop-store";
import type { UnfinishedBlob, UnfinishedStore } from "./unfinished-store";

/** What recording a blob needs. */
export interface DropRecorder {
  readonly definitions: PipelineDefinitions;
  readonly drops: DropStore;
  readonly unfinished: UnfinishedStore;
  readonly deliveries: DeliveryStore;
  readonly blobs: BlobPort;
  readonly now: () => Date;
}

/** What a look at a blob led to. */
export type RecordedBlob =
  /** The blob is gone, or stands for a folder. */
  | { readonly kind: "none" }
  /** It is noted, and looked at again. */
  | { readonly kind: "unfinished"; readonly pipeline: string }
  | { readonly kind: "drop"; readonly created: boolean; readonly drop: DropRecord };

const NONE: RecordedBlob = { kind: "none" };

/** What an unfinished blob may take before a person has to look. */
const MAX_UNFINISHED_MS = 24 * 3_600_000;
const MIN_BETWEEN_LOOKS_MS = 1_000;
const MAX_BETWEEN_LOOKS_MS = 300_000;

/**
 * Records the version of a blob that is there now. The event only says where to look: a HEAD gives ETag, size and time, so that
 * late, doubled and forged events do no harm.
 */
export async function recordBlob(recorder: DropRecorder, container: string, path: string): Promise<RecordedBlob> {
  const { definitions, drops, blobs, now } = recorder;
  const head = await blobs.head(container, path);
  if (head === null || isFolder(path, head)) return NONE;
  const { etag, size, lastModified } = head;
  const isProbe = path === PROBE_PATH;
  const route = isProbe ? null : routeDrop(definitions, container, path);
  if (route === null) {
    // The first pipeline of the container shows it, so that somebody sees it.
    const owner = [...definitions.values()].find((definition) => definition.drops?.container === container);
    const unrouted = { pipeline: owner?.name ?? "none", source: "", container, path, etag, size, lastModified };
    if (isProbe) return { kind: "drop", ...(await drops.probe(unrouted)) };
    return { kind: "drop", ...(await drops.quarantine(unrouted, "the path fits no pipeline's pathPattern")) };
  }
  const seen: SeenDrop = { ...route, container, path, etag, size, lastModified };
  const fault = unreadable(head);
  if (fault !== null) return { kind: "drop", ...(await drops.quarantine(seen, fault)) };
  const why = unfinished(head);
  if (why === null) return { kind: "drop", ...(await recordDrop(recorder, seen)) };
  const { pipeline } = route;
  // A version that was settled and recorded before is no news.
  const known = await drops.find(container, path, etag);
  if (known !== null) return { kind: "drop", created: false, drop: known };
  const at = now().toISOString();
  await recorder.unfinished.add({ pipeline, container, path, why, etag, since: at, unchangedSince: at, lookAt: at });
  return { kind: "unfinished", pipeline };
}

/** Records a drop; before that its file as part of a delivery, so that no drop is missing where deliveries are counted. */
async function recordDrop(
  { definitions, drops, deliveries }: DropRecorder,
  seen: SeenDrop,
): Promise<{ created: boolean; drop: DropRecord }> {
  const definition = definitions.get(seen.pipeline);
  const delivery = definition === undefined ? null : deliveryOf(definition, seen.path, seen.source);
  if (delivery !== null) await deliveries.note(seen.pipeline, delivery, seen.path);
  return drops.record(seen);
}

/** What a look at an unfinished blob shows. */
interface Look {
  readonly blob: UnfinishedBlob;
  readonly facts: Pick<SeenDrop, "etag" | "size" | "lastModified">;
  /** What it still waits for; null when it is finished. */
  readonly waits: string | null;
  /** True for what may be all that its writer wanted to write. */
  readonly mayBeWhole: boolean;
  /** Why nobody will read it. */
  readonly unfit: string | null;
}

/** Null when the blob is gone. One of which the storage tells nothing holds up no other: it is looked at again as well. */
async function lookAt(blobs: BlobPort, noted: UnfinishedBlob, at: Date): Promise<Look | null> {
  try {
    const head = await blobs.head(noted.container, noted.path);
    if (head === null) return null;
    const { etag, size, lastModified } = head;
    const blob = etag === noted.etag ? noted : { ...noted, etag, unchangedSince: at.toISOString() };
    const waits = unfinished(head);
    const mayBeWhole = waits === "empty" || waits === "growing";
    return { blob, facts: { etag, size, lastModified }, waits, mayBeWhole, unfit: unreadable(head) };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const facts = { etag: noted.etag, size: 0, lastModified: noted.since };
    const waits = `not to be read (${error.code ?? `HTTP ${error.status}`})`;
    return { blob: noted, facts, waits, mayBeWhole: false, unfit: null };
  }
}

/**
 * Looks again at an unfinished blob and records it when it is finished, or when it is an empty or appended one that has not changed for
 * `settleSeconds`. One that is still unfinished after a day is quarantined, so that a person sees it.
 * @returns when to look again, null when it is settled
 */
export async function lookAgain(
  recorder: DropRecorder,
  noted: UnfinishedBlob,
  settleSeconds: number,
): Promise<Date | null> {
  const { drops, blobs, unfinished: store, definitions, now } = recorder;
  const at = now();
  const { container, path, since } = noted;
  if (Date.parse(noted.lookAt) > at.getTime()) return new Date(noted.lookAt);
  const look = await lookAt(blobs, noted, at);
  const route = routeDrop(definitions, container, path);
  if (look !== null && route !== null) {
    const { blob, facts, waits, mayBeWhole, unfit } = look;
    const seen: SeenDrop = { ...route, container, path, ...facts };
    const ageMs = at.getTime() - Date.parse(since);
    const isUnchanged = at.getTime() - Date.parse(blob.unchangedSince) >= settleSeconds * 1000;
    if (unfit !== null) await drops.quarantine(seen, unfit);
    else if (waits === null || (mayBeWhole && isUnchanged)) await recordDrop(recorder, seen);
    else if (ageMs > MAX_UNFINISHED_MS)
      await drops.quarantine(seen, `the blob was still ${waits} after ${Math.round(ageMs / 3_600_000)} h`);
    else {
      const delay = Math.min(Math.max(ageMs / 2, settleSeconds * 1000, MIN_BETWEEN_LOOKS_MS), MAX_BETWEEN_LOOKS_MS);
      const next = new Date(at.getTime() + delay);
      await store.update({ ...blob, lookAt: next.toISOString() });
      return next;
    }
  }
  await store.remove(noted);
  return null;
}
