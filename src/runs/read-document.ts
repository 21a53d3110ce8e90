import type { Ledger } from "../ledger/ledger";

/** Larger documents are for programs, which read the container. */
const MAX_BYTES = 2 * 1024 * 1024;

/** A JSON object that a run wrote: `<name>.json` of its results, else the outcome of the step of that name. */
export type ReadDocument = (runId: string, name: string) => Promise<Readonly<Record<string, unknown>> | null>;

/** Reads documents of runs; null when there is none, when it is too large, or when it is no JSON object. */
export function createReadDocument({ blobs, containers }: Pick<Ledger, "blobs" | "containers">): ReadDocument {
  const read = async (container: string, path: string): Promise<Readonly<Record<string, unknown>> | null> => {
    const head = await blobs.head(container, path);
    if (head === null || head.size > MAX_BYTES) return null;
    const text = await blobs.readText(container, path);
    return text === null ? null : objectOf(text);
  };
  return async (runId, name) =>
    (await read(containers.results, `${runId}/${name}.json`)) ??
    read(containers.batches, `${runId}/outcome/${name}.json`);
}

function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
