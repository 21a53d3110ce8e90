import { routeDrop, type PipelineDefinitions } from "../domain/pipeline-definition";
import type { BlobPort } from "./ports";
import type { DropStore } from "./drop-store";
import type { DropRecord } from "../domain/drop";

/** What recording a blob needs. */
export interface DropRecorder {
  readonly definitions: PipelineDefinitions;
  readonly drops: DropStore;
  readonly blobs: BlobPort;
}

/**
 * Records the version of a blob that is there now. The event only says where to look: a HEAD gives ETag, size and time, so that
 * late, doubled and forged events do no harm.
 * @returns null when the blob is gone
 */
export async function recordBlob(
  { definitions, drops, blobs }: DropRecorder,
  container: string,
  path: string,
): Promise<{ created: boolean; drop: DropRecord } | null> {
  const head = await blobs.head(container, path);
  if (head === null) return null;
  const { etag, size, lastModified } = head;
  const route = routeDrop(definitions, container, path);
  if (route !== null) return drops.record({ ...route, container, path, etag, size, lastModified });
  // The first pipeline of the container shows it, so that somebody sees it.
  const owner = [...definitions.values()].find((definition) => definition.drops?.container === container);
  const unrouted = { pipeline: owner?.name ?? "none", source: "", container, path, etag, size, lastModified };
  return drops.quarantine(unrouted, "the path fits no pipeline's pathPattern");
}
