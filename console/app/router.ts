import { signal } from "@preact/signals";
import { app } from "../api/client";

/** Where the page is: path below the console's root, and the query. All that a view shows is in it, so that it can be linked. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

function placeOf({ pathname, search }: Location): Place {
  return { path: decodeURI(pathname.slice(app.base.length)).replace(/\/+$/, ""), query: new URLSearchParams(search) };
}

export const place = signal(placeOf(location));

/** The address of a place, for links. Empty values are left out. */
export function href(path: string, query: Readonly<Record<string, string | null | undefined>> = {}): string {
  const kept = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = new URLSearchParams(kept).toString();
  return `${app.base}${path}${search ? `?${search}` : ""}`;
}

/** Goes to an address of the console; `replace` keeps the way back short while somebody types. */
export function go(address: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  const before = place.value.path;
  place.value = placeOf(location);
  if (how === "push" && before !== place.value.path) scrollTo(0, 0);
}

/** Sets parts of the query; null takes one away. */
export function setQuery(changes: Readonly<Record<string, string | null>>, how: "push" | "replace" = "replace"): void {
  const { path, query } = place.value;
  go(href(path, { ...Object.fromEntries(query), ...changes }), how);
}

/** Follows links inside the console without loading the page anew. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    place.value = placeOf(location);
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = (event.target as Element).closest("a");
    if (!link || link.target || link.origin !== location.origin || !link.pathname.startsWith(app.base)) return;
    if (link.getAttribute("href")?.startsWith("#")) return;
    event.preventDefault();
    go(link.href);
  });
}
