import { invalidParameter } from "./api-error";
import type { Params } from "./params";

/** A place in a list ordered by falling id: everything below `before`, or everything above `after`. */
export interface Cursor {
  readonly before?: number;
  readonly after?: number;
  readonly offset: number;
}

/** One page and the tokens of its neighbours. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly tokens: { readonly has_more: boolean; readonly next_page_token?: string; readonly prev_page_token?: string };
}

function encode(direction: "before" | "after", id: number): string {
  return Buffer.from(`${direction}:${id}`).toString("base64url");
}

/** Reads `page_token` (empty on Airflow's first page) and the deprecated `offset`. */
export function readCursor(params: Params): Cursor {
  const token = params.string("page_token");
  if (token === undefined) return { offset: Math.max(0, params.integer("offset") ?? 0) };
  const match = /^(before|after):(\d+)$/.exec(Buffer.from(token, "base64url").toString("utf8"));
  if (!match?.[1]) throw invalidParameter("Invalid page_token.");
  return { [match[1]]: Number(match[2]), offset: 0 };
}

/** Reads `limit`; 0 stands for the maximum where the API says so. */
export function readLimit(params: Params, fallback: number, maximum: number): number {
  const limit = params.integer("limit") ?? fallback;
  if (limit < 0 || limit > maximum) throw invalidParameter(`limit must be between 1 and ${maximum}, got ${limit}.`);
  return limit === 0 ? maximum : limit;
}

/**
 * Makes a page of `limit` items.
 *
 * @param fetch - reads up to `count` items: falling ids below `before`, or rising ids above `after`
 */
export function makePage<T>(
  cursor: Cursor,
  limit: number,
  idOf: (item: T) => number,
  fetch: (cursor: Cursor, count: number) => T[],
): Page<T> {
  const found = fetch(cursor, limit + 1);
  const more = found.length > limit;
  const items = found.slice(0, limit);
  if (cursor.after !== undefined) items.reverse();
  const hasNext = cursor.after !== undefined || more;
  const hasPrevious = cursor.after !== undefined ? more : cursor.before !== undefined || cursor.offset > 0;
  const [first, last] = [items[0], items.at(-1)];
  return {
    items,
    tokens: {
      has_more: hasNext,
      ...(hasNext && last !== undefined ? { next_page_token: encode("before", idOf(last)) } : {}),
      ...(hasPrevious && first !== undefined ? { prev_page_token: encode("after", idOf(first)) } : {}),
    },
  };
}

/** Slices a long array of a `get` answer, 100 a page; later pages of a finished array are empty. */
export function slicePage<T>(
  items: readonly T[],
  params: Params,
): { items: readonly T[]; tokens: { next_page_token?: string } } {
  const pageSize = 100;
  const token = params.string("page_token");
  const offset = token === undefined ? 0 : Number(Buffer.from(token, "base64url").toString("utf8"));
  if (!Number.isInteger(offset) || offset < 0) throw invalidParameter("Invalid page_token.");
  const end = offset + pageSize;
  const tokens = end < items.length ? { next_page_token: Buffer.from(String(end)).toString("base64url") } : {};
  return { items: items.slice(offset, end), tokens };
}
