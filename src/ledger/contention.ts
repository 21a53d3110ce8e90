/** Waits before a lost race is run again; `losses` counts from 1. */
export type Pause = (losses: number) => Promise<void>;

/** A writer that was overtaken reads again and decides anew. */
export const OVERTAKEN: unique symbol = Symbol("overtaken by another writer");

/** Others changed the same rows for as long as a caller may wait. Nothing was written; the request may simply be repeated. */
export class ContentionError extends Error {
  override readonly name = "ContentionError";
}

const MAX_LOSSES = 100;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 250;

/** Full jitter over a doubling span: writers that met once do not meet again in step. */
export function jitteredPause(
  random: () => number = Math.random,
  sleep: (ms: number) => Promise<void> = async (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): Pause {
  return async (losses) => sleep(random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** losses));
}

/**
 * Repeats an optimistic write until nobody comes between its read and its write.
 * @throws ContentionError after a hundred lost races, about twenty seconds
 */
export async function contend<T>(what: string, pause: Pause, write: () => Promise<T | typeof OVERTAKEN>): Promise<T> {
  for (let losses = 0; losses < MAX_LOSSES; losses += 1) {
    if (losses > 0) await pause(losses);
    const result = await write();
    if (result !== OVERTAKEN) return result;
  }
  throw new ContentionError(`${what} was changed by others ${MAX_LOSSES} times; ask again`);
}
