import { routeDrop, type PipelineDefinition } from "../../domain/pipeline-definition";
import { inParallel } from "../parallel";
import type { DropStore } from "./drop-store";

/** What became of the pending drops of a pipeline whose definition is gone. */
export interface RoutedDrops {
  readonly routed: number;
  /** Drops that the other pipeline's container or path pattern does not take; they stay where they are. */
  readonly refused: number;
}

const PAGE = 500;
const PARALLEL = 16;

/** Gives the pending drops of one pipeline to another, as far as that one takes them by its own pattern. */
export async function routeOrphans(drops: DropStore, from: string, to: PipelineDefinition): Promise<RoutedDrops> {
  const taker = new Map([[to.name, to]]);
  let routed = 0;
  let refused = 0;
  let after: string | undefined;
  for (;;) {
    const page = await drops.entries("pending", from, PAGE, after);
    const moved = await inParallel(page, PARALLEL, async (entry) => {
      const stored = await drops.verify(entry);
      if (!stored) return null;
      const route = routeDrop(taker, stored.drop.container, stored.drop.path);
      return route !== null && (await drops.route(stored.keys, from, route));
    });
    routed += moved.filter((one) => one === true).length;
    refused += moved.filter((one) => one === false).length;
    const last = page.at(-1);
    if (!last || page.length < PAGE) return { routed, refused };
    after = last.rowKey;
  }
}
