import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, read } from "./client";
import { useResource, type Loaded } from "./resource";

interface PageOf<T> {
  readonly value: readonly T[];
  readonly nextLink?: string | undefined;
}

/** A list that goes on by pages: the first is kept fresh, the others are read once. */
export interface Pages<T> extends Loaded<readonly T[]> {
  /** Reads the next page; absent on the last one. */
  readonly more: (() => void) | undefined;
}

interface Tail<T> {
  readonly address: string;
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** Where the link leads within the app's own origin: behind a gateway the app may know another name of itself. */
function local(link: string): string {
  const { pathname, search } = new URL(link);
  return pathname + search;
}

export function usePages<T>(address: string, keyOf: (item: T) => string): Pages<T> {
  const first = useResource<PageOf<T>>(address);
  const [tail, setTail] = useState<Tail<T> | null>(null);
  const [problem, setProblem] = useState<ApiProblem>();
  const busy = useRef(false);
  const own = tail?.address === address ? tail : null;
  const next = own ? own.next : first.data?.nextLink;
  useEffect(() => setProblem(undefined), [address]);
  const more = useCallback(() => {
    if (next === undefined || busy.current) return;
    busy.current = true;
    void read<PageOf<T>>(local(next), null)
      .then((answer) => {
        if (!answer.changed) return;
        const { value, nextLink } = answer.data;
        setTail((before) => ({
          address,
          items: [...(before?.address === address ? before.items : []), ...value],
          next: nextLink,
        }));
      })
      .catch((error: unknown) => setProblem(error instanceof ApiProblem ? error : undefined))
      .finally(() => (busy.current = false));
  }, [address, next]);
  const head = first.data?.value;
  const inHead = new Set(head?.map(keyOf));
  // What came in at the front since has pushed items from the first page into the second.
  const data = head && [...head, ...(own?.items ?? []).filter((item) => !inHead.has(keyOf(item)))];
  return { data, problem: first.problem ?? problem, asOf: first.asOf, more: next === undefined ? undefined : more };
}
