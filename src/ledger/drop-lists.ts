import type { PipelineDefinition } from "../domain/pipeline-definition";
import type { DropStore } from "./drop-store";
import type { DropFilter } from "./run-requests";
import type { DropRecord } from "../domain/drop";
import type { Page } from "../domain/page";

const DEFAULT_TOP = 100;

/** Drops of a pipeline, oldest first: all versions of one path, or a page by time seen. */
export async function listDrops(
  drops: DropStore,
  definition: PipelineDefinition,
  filter: DropFilter,
): Promise<Page<DropRecord>> {
  const accept = (drop: DropRecord): boolean =>
    (filter.state === undefined || drop.state === filter.state) &&
    (filter.runId === undefined || drop.runId === filter.runId);
  if (definition.drops === undefined) return { items: [], nextToken: null };
  if (filter.path !== undefined) {
    const versions = await drops.versions(definition.drops.container, filter.path);
    return { items: versions.filter(accept), nextToken: null };
  }
  return drops.list(definition.name, accept, filter.top ?? DEFAULT_TOP, filter.token);
}
