import type { PipelineDefinition } from "../../domain/pipeline-definition";
import { DROP_STATES, type DropRecord, type DropState } from "../../domain/drop";
import type { Page } from "../../domain/page";
import type { DropFilter } from "../run-requests";
import type { Row, RowRange } from "../ports";
import { rowsOf } from "../ranges";
import { batchPartition, HELD, type FreezeOutcome } from "./batch-rows";
import { indexPartition, toDropRecord, toIndexEntry } from "./drop-rows";
import type { DropStore } from "./drop-store";

const DEFAULT_TOP = 100;
/** Rows of each state that a page of a search looks through: what is rare is found over several pages, some of them empty. */
export const LOOKED_THROUGH = 2000;
/** Drops of a state are counted so far: as many rows as storage gives in one answer. */
export const MOST_COUNTED = 1000;

/** Why a drop waits for ever. */
export const ORPHANED = "orphaned: its pipeline has no definition any more; route it to another one";

/**
 * Drops of a pipeline, oldest first: all versions of one path, those of a run's batch, or those of a state or all by time seen. Without
 * a definition, since that is gone, what is pending says so.
 */
export async function listDrops(
  drops: DropStore,
  definition: PipelineDefinition | null,
  filter: DropFilter,
): Promise<Page<DropRecord>> {
  if (definition === null) {
    const { path, ...others } = filter;
    const { items, nextToken } = await listStored(drops, filter.pipeline, others);
    const named = items.filter((drop) => path === undefined || drop.path === path);
    return { items: named.map((drop) => (drop.state === "pending" ? { ...drop, reason: ORPHANED } : drop)), nextToken };
  }
  if (definition.drops === undefined) return { items: [], nextToken: null };
  if (filter.path !== undefined) {
    const versions = await drops.versions(definition.drops.container, filter.path);
    return { items: versions.filter((drop) => fits(drop, filter)), nextToken: null };
  }
  return listStored(drops, definition.name, filter);
}

async function listStored(drops: DropStore, pipeline: string, filter: DropFilter): Promise<Page<DropRecord>> {
  const { state, runId, seenFrom } = filter;
  if (runId !== undefined) return page(drops, batchRanges(runId, state), filter);
  const states = state === undefined ? DROP_STATES : [state];
  // An index row's key begins with the time.
  const from = seenFrom === undefined ? {} : { from: new Date(seenFrom).toISOString() };
  const partitions = states.map((one) => ({ partition: indexPartition(one, pipeline), ...from }));
  return page(drops, partitions, filter);
}

/** How many drops of a pipeline are in each state, up to `MOST_COUNTED`; one that is just changing its state may count twice. */
export async function countDrops(drops: DropStore, pipeline: string): Promise<Record<DropState, number>> {
  const counted = DROP_STATES.map(async (state) => {
    const rows = await rowsOf(drops.table, { partition: indexPartition(state, pipeline), limit: MOST_COUNTED });
    return [state, rows.length] as const;
  });
  return Object.fromEntries(await Promise.all(counted)) as Record<DropState, number>;
}

const fits = (drop: DropRecord, { state, runId, contains, seenFrom }: DropFilter): boolean =>
  (state === undefined || drop.state === state) &&
  (seenFrom === undefined || Date.parse(drop.seenAt) >= Date.parse(seenFrom)) &&
  (runId === undefined || drop.runId === runId) &&
  (contains === undefined || drop.path.toLowerCase().includes(contains.toLowerCase()));

/** Entries of a batch stand together by outcome. */
function batchRanges(runId: string, state: DropState | undefined): RowRange[] {
  const partition = batchPartition(runId);
  if (state === undefined) return [{ partition }];
  if (state === "pending") return [];
  const outcomes: readonly FreezeOutcome[] = state === "claimed" ? HELD : [state];
  return outcomes.map((outcome) => ({ partition, from: `${outcome}|`, before: `${outcome}|~` }));
}

/** The first rows of several ranges together, by row key; a drop that is just changing its state may stand in two. */
async function page(drops: DropStore, ranges: readonly RowRange[], filter: DropFilter): Promise<Page<DropRecord>> {
  const { top = DEFAULT_TOP, token, contains } = filter;
  const most = contains === undefined ? top : LOOKED_THROUGH;
  const parts = await Promise.all(
    ranges.map(async (range) => {
      const limit = most + 1;
      if (token === undefined || (range.from !== undefined && range.from > token))
        return rowsOf(drops.table, { ...range, limit });
      const { partition, before } = range;
      return rowsOf(drops.table, { partition, after: token, ...(before === undefined ? {} : { before }), limit });
    }),
  );
  const rows = parts.flat().sort((a, b) => (a.rowKey < b.rowKey ? -1 : 1));
  const seen = rows.slice(0, most);
  const fit = seen.filter((row) => !repeatsDrop(row) || fits(toDropRecord(row), filter));
  const shown = fit.slice(0, top);
  const last = fit.length > top ? shown.at(-1) : seen.at(-1);
  const newest = new Map(shown.map((row) => [dropOf(row), row]));
  const found = await Promise.all([...newest.values()].map(async (row) => recordOf(drops, row)));
  return {
    items: found.filter((drop): drop is DropRecord => drop !== null && fits(drop, filter)),
    nextToken: fit.length > top || rows.length > most ? (last?.rowKey ?? null) : null,
  };
}

function dropOf(row: Row): string {
  return row.rowKey.split("|").slice(-2).join("|");
}

/** Rows of before version 0.2 only lead to their drop. */
const repeatsDrop = (row: Row): boolean => typeof row["state"] === "string";

async function recordOf(drops: DropStore, row: Row): Promise<DropRecord | null> {
  if (repeatsDrop(row)) return toDropRecord(row);
  return (await drops.get(toIndexEntry(row).drop))?.drop ?? null;
}
