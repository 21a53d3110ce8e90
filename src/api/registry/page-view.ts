/** A page as the API shows it, with an absolute link to the next. `filters` are what the caller filtered by. */
export function pageView<T, V>(
  page: { readonly items: readonly T[]; readonly nextToken: string | null },
  view: (item: T) => V,
  url: string,
  filters: Readonly<Record<string, string | number | undefined>>,
): { value: V[]; nextLink?: string } {
  const value = page.items.map(view);
  if (page.nextToken === null) return { value };
  const kept = Object.entries(filters).flatMap(([name, filter]) =>
    filter === undefined ? [] : [[name, String(filter)] as [string, string]],
  );
  const query = new URLSearchParams([...kept, ["token", page.nextToken]]);
  return { value, nextLink: `${url}?${query.toString()}` };
}
