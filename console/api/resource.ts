import { signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ApiProblem, read } from "./client";

/** What a page knows of an address of the API. */
export interface Loaded<T> {
  readonly data: T | undefined;
  readonly problem: ApiProblem | undefined;
  /** When the data were last known to be true, milliseconds. */
  readonly asOf: number | undefined;
}

interface Watched {
  readonly address: string;
  readonly state: Signal<Loaded<unknown>>;
  etag: string | null;
  watchers: number;
  lookedAt: number;
  busy: boolean;
}

/** One small request in so many milliseconds, whatever a page shows: the longest unseen is asked next. */
const LOOK_MS = 10_000;
/** Nobody looks at a hidden page; it only must not be stale for long when it is seen again. */
const HIDDEN_MS = 120_000;
const KEPT = 40;

const known = new Map<string, Watched>();

function watchedOf(address: string): Watched {
  const found = known.get(address);
  if (found) return found;
  const state = signal<Loaded<unknown>>({ data: undefined, problem: undefined, asOf: undefined });
  const made = { address, state, etag: null, watchers: 0, lookedAt: 0, busy: false };
  known.set(address, made);
  forgetOld();
  return made;
}

function forgetOld(): void {
  const idle = [...known.values()].filter(({ watchers }) => watchers === 0);
  for (const { address } of idle.slice(0, Math.max(0, idle.length - KEPT))) known.delete(address);
}

async function look(watched: Watched): Promise<void> {
  if (watched.busy) return;
  watched.busy = true;
  watched.lookedAt = Date.now();
  const before = watched.state.value;
  try {
    const answer = await read<unknown>(watched.address, before.data === undefined ? null : watched.etag);
    const asOf = Date.now();
    if (answer.changed) {
      watched.etag = answer.etag;
      watched.state.value = { data: answer.data, problem: undefined, asOf };
    } else watched.state.value = { ...before, problem: undefined, asOf };
  } catch (error) {
    const problem = error instanceof ApiProblem ? error : new ApiProblem(0, "Fault of the page", String(error), "");
    // What was true before stays in sight, with its age.
    watched.state.value = { ...before, problem };
  } finally {
    watched.busy = false;
  }
}

/** Data of an address, kept fresh while the component is there; null asks for nothing. */
export function useResource<T>(address: string | null): Loaded<T> {
  const watched = address === null ? null : watchedOf(address);
  useEffect(() => {
    if (watched === null) return;
    watched.watchers += 1;
    if (Date.now() - watched.lookedAt > 1000) void look(watched);
    return () => {
      watched.watchers -= 1;
    };
  }, [watched]);
  return (watched?.state.value ?? { data: undefined, problem: undefined, asOf: undefined }) as Loaded<T>;
}

const inUse = (): Watched[] => [...known.values()].filter(({ watchers }) => watchers > 0);

/** Asks for all that is in sight: after a deed, or when a person wants it. */
export async function refresh(): Promise<void> {
  await Promise.all(inUse().map(look));
}

const clock = signal(Date.now());
/** The time, by the second; for ages in words. */
export const now: ReadonlySignal<number> = clock;

/** When the oldest of what is in sight was true. */
export function oldestInSight(): number | undefined {
  const ages = inUse().flatMap(({ state }) => state.value.asOf ?? []);
  return ages.length === 0 ? undefined : Math.min(...ages);
}

let lookedAt = 0;

function tick(): void {
  clock.value = Date.now();
  const every = document.hidden ? HIDDEN_MS : LOOK_MS;
  if (clock.value - lookedAt < every) return;
  const due = inUse()
    .filter((watched) => clock.value - watched.lookedAt >= every)
    .sort((a, b) => a.lookedAt - b.lookedAt)[0];
  if (due === undefined) return;
  lookedAt = clock.value;
  void look(due);
}

/** Begins to keep fresh what is in sight. */
export function keepFresh(): void {
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && clock.value - lookedAt > LOOK_MS) void refresh();
  });
}
