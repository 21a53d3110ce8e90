import { isFolder, unfinished, unreadable, type DropRecord } from "../../domain/drop";
import { routeDrop, type PipelineDefinitions } from "../../domain/pipeline-definition";
import type { BlobHead, BlobPort } from "../ports";
import type { SeenDrop } from "./drop-rows";
import type { DropStore } from "./drop-store";
import type { UnfinishedBlob, UnfinishedStore } from "./unfinished-store";

/** What recording a blob needs. */
export interface DropRecorder {
  readonly definitions: PipelineDefinitions;
  readonly drops: DropStore;
  readonly unfinished: UnfinishedStore;
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
  const route = routeDrop(definitions, container, path);
  if (route === null) {
    // The first pipeline of the container shows it, so that somebody sees it.
    const owner = [...definitions.values()].find((definition) => definition.drops?.container === container);
    const unrouted = { pipeline: owner?.name ?? "none", source: "", container, path, etag, size, lastModified };
    return { kind: "drop", ...(await drops.quarantine(unrouted, "the path fits no pipeline's pathPattern")) };
  }
  const seen: SeenDrop = { ...route, container, path, etag, size, lastModified };
  const fault = unreadable(head);
  if (fault !== null) return { kind: "drop", ...(await drops.quarantine(seen, fault)) };
  const why = unfinished(head);
  if (why === null) return { kind: "drop", ...(await drops.record(seen)) };
  const { pipeline } = route;
  // A version that was settled and recorded before is no news.
  const known = await drops.find(container, path, etag);
  if (known !== null) return { kind: "drop", created: false, drop: known };
  const at = now().toISOString();
  await recorder.unfinished.add({ pipeline, container, path, why, etag, since: at, unchangedSince: at, lookAt: at });
  return { kind: "unfinished", pipeline };
}

/** The blob as it is now: another version begins to be unchanged anew. */
function refreshed(blob: UnfinishedBlob, { etag }: BlobHead, at: Date): UnfinishedBlob {
  return etag === blob.etag ? blob : { ...blob, etag, unchangedSince: at.toISOString() };
}

/**
 * Looks again at an unfinished blob and records it when it is finished, or when it is an empty or appended one that has not changed for
 * `settleSeconds`. One that is still unfinished after a day is quarantined, so that a person sees it.
 * @returns when to look again, null when it is settled
 */
export async function lookAgain(
  { drops, blobs, unfinished: store, definitions, now }: DropRecorder,
  noted: UnfinishedBlob,
  settleSeconds: number,
): Promise<Date | null> {
  const at = now();
  const { container, path, since, lookAt } = noted;
  if (Date.parse(lookAt) > at.getTime()) return new Date(lookAt);
  const head = await blobs.head(container, path);
  const route = routeDrop(definitions, container, path);
  if (head !== null && route !== null) {
    const blob = refreshed(noted, head, at);
    const { etag, size, lastModified } = head;
    const seen: SeenDrop = { ...route, container, path, etag, size, lastModified };
    const ageMs = at.getTime() - Date.parse(since);
    const unchangedMs = at.getTime() - Date.parse(blob.unchangedSince);
    const why = unfinished(head);
    const fault = unreadable(head);
    if (fault !== null) await drops.quarantine(seen, fault);
    else if (why === null || (why !== "copying" && unchangedMs >= settleSeconds * 1000)) await drops.record(seen);
    else if (ageMs > MAX_UNFINISHED_MS)
      await drops.quarantine(seen, `the blob was still ${why} after ${Math.round(ageMs / 3_600_000)} h`);
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
