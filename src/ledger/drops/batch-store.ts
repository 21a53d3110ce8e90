import type { DropRecord } from "../../domain/drop";
import { inParallel } from "../parallel";
import type { TablePort } from "../ports";
import { listPrefix, rowsOf } from "../ranges";
import { batchPartition, entryRow, entryRowKey, toBatchEntry, type BatchEntry, type FreezeOutcome } from "./batch-rows";
import type { DropKeys, StoredDrop } from "./drop-rows";
import type { DropStore } from "./drop-store";

/** How much a batch may still take. */
export interface Room {
  readonly files: number;
  readonly bytes: number;
}

/** What one page of claiming did. */
export interface ClaimedPage {
  /** Drops that the run holds now. */
  readonly claimed: readonly { readonly keys: DropKeys; readonly drop: DropRecord }[];
  /** True when more may be pending and the batch has room for it. */
  readonly more: boolean;
}

/** A final outcome of the freeze. */
export type Ending = "batched" | "superseded" | "vanished" | "quarantined";

/** Drops that are worked on at the same time. */
const PARALLEL = 16;

/**
 * The batches: which drops a run holds, and what the freeze made of each. An entry changes its outcome by one transaction that takes
 * the old row away, so that of two executions one does it.
 */
export class BatchStore {
  private readonly table: TablePort;

  constructor(private readonly drops: DropStore) {
    this.table = drops.table;
  }

  /** Moves up to `limit` pending drops into the batch of a run, oldest first, as far as there is room. Safe to repeat and to run twice at once. */
  async claim(
    pipeline: string,
    runId: string,
    limit: number,
    room: Room,
    isFree: (drop: DropRecord) => Promise<boolean> = async () => Promise.resolve(true),
  ): Promise<ClaimedPage> {
    const { free, more } = await this.free(pipeline, limit, isFree);
    const { chosen, isFull } = within(free, room);
    const claimed = await inParallel(chosen, PARALLEL, async (stored) => this.take(stored, runId));
    return { claimed: claimed.filter((held) => held !== null), more: more && !isFull };
  }

  /** Entries of one outcome, at most `limit`. */
  async entries(runId: string, outcome: FreezeOutcome, limit?: number): Promise<BatchEntry[]> {
    const page = limit === undefined ? {} : { limit };
    return (await listPrefix(this.table, batchPartition(runId), `${outcome}|`, page)).map(toBatchEntry);
  }

  async has(runId: string, outcome: FreezeOutcome): Promise<boolean> {
    return (await this.entries(runId, outcome, 1)).length > 0;
  }

  /** Rewrites entries of before version 0.2, whose outcome was no part of the key. Returns how many there were. */
  async adoptOldRows(runId: string): Promise<number> {
    const rows = await rowsOf(this.table, { partition: batchPartition(runId), before: "g" });
    const old = rows.filter((row) => row.rowKey.split("|").length === 2);
    await inParallel(old, PARALLEL, async (row) => {
      const entry = toBatchEntry(row);
      const stored = await this.drops.get(entry.keys);
      const drop = stored?.drop ?? entry.drop;
      // Where its bytes are was not noted: they are frozen again, under a name of today.
      const outcome = entry.outcome === "frozen" ? "todo" : entry.outcome;
      await this.table.put(entryRow(runId, { ...entry, drop, version: stored?.version ?? 0 }, outcome));
      await this.table.remove(row.partitionKey, row.rowKey);
    });
    return old.length;
  }

  /** Changes the outcome of an entry; without effect when another execution was faster. */
  async change(
    runId: string,
    entry: BatchEntry,
    outcome: FreezeOutcome,
    changes: Partial<Pick<BatchEntry, "drop" | "frozenPath">> = {},
  ): Promise<void> {
    if (entry.outcome === outcome) return;
    const { partitionKey, rowKey } = { partitionKey: batchPartition(runId), rowKey: entry.rowKey };
    const row = entryRow(runId, { ...entry, ...changes }, outcome);
    const done = await this.table.transact([
      { kind: "delete", partitionKey, rowKey },
      { kind: "insert", row },
    ]);
    // What an attempt before left under this name gives way; an entry that is gone was changed by somebody else.
    if (done || (await this.table.get(partitionKey, rowKey)) === null) return;
    await this.table.put(row);
    await this.table.remove(partitionKey, rowKey);
  }

  /** Gives a drop that the run holds its final state with the reason. */
  async finish(runId: string, entry: BatchEntry, state: Ending, reason: string): Promise<void> {
    const stored = await this.drops.move(entry.keys, (found) =>
      holds(runId, entry, found) ? { state, reason, runId } : null,
    );
    const isDone = stored?.drop.state === state && stored.drop.runId === runId;
    if (isDone) await this.change(runId, entry, state, { drop: stored.drop });
    else await this.forget(runId, entry);
  }

  /** Puts a drop that the run holds back to the pending ones, for a later batch. */
  async giveBack(runId: string, entry: BatchEntry): Promise<void> {
    await this.drops.move(entry.keys, (found) =>
      holds(runId, entry, found) ? { state: "pending", reason: null, runId: null } : null,
    );
    await this.forget(runId, entry);
  }

  /** Hands a batched drop of a failed run to the run that took its batch over. */
  async handOver(from: string, to: string, entry: BatchEntry): Promise<void> {
    const reason = `in the batch of ${to}, which took it over from ${from} with the same frozen bytes`;
    const stored = await this.drops.move(entry.keys, ({ drop }) =>
      drop.state === "batched" && drop.runId === from ? { state: "batched", reason, runId: to } : null,
    );
    if (stored?.drop.runId === to)
      await this.table.put(entryRow(to, { ...entry, drop: stored.drop, version: stored.version }, "batched"));
    await this.change(from, entry, "retaken");
  }

  /** Entry of a drop that the run claimed, though its batch may not list it. */
  unlisted({ keys, drop, version }: StoredDrop): BatchEntry {
    return { keys, drop, version, outcome: "todo", frozenPath: "", rowKey: entryRowKey("todo", keys), rowEtag: "" };
  }

  /** A page of pending drops that may be claimed; pages of which none may are gone past. */
  private async free(
    pipeline: string,
    limit: number,
    isFree: (drop: DropRecord) => Promise<boolean>,
  ): Promise<{ free: StoredDrop[]; more: boolean }> {
    for (let after: string | undefined; ;) {
      const entries = await this.drops.entries("pending", pipeline, limit, after);
      const found = await inParallel(entries, PARALLEL, async (entry) => {
        const stored = await this.drops.verify(entry);
        return stored !== null && (await isFree(stored.drop)) ? stored : null;
      });
      const free = found.filter((stored) => stored !== null);
      const more = entries.length >= limit;
      after = entries.at(-1)?.rowKey;
      // A page of which other executions took everything may be followed by others.
      if (free.length > 0 || !more) return { free, more };
    }
  }

  private async forget(runId: string, { rowKey, rowEtag }: BatchEntry): Promise<void> {
    await this.table.remove(batchPartition(runId), rowKey, rowEtag === "" ? undefined : rowEtag);
  }

  /** Claims by If-Match. The entry is written first: a claimed drop without one would be frozen by nobody. */
  private async take(
    { keys, drop, version }: StoredDrop,
    runId: string,
  ): Promise<{ keys: DropKeys; drop: DropRecord } | null> {
    const change = { state: "claimed" as const, reason: `claimed by ${runId}`, runId };
    const claimed = { keys, drop: { ...drop, ...change }, version: version + 1, frozenPath: "" };
    await this.table.put(entryRow(runId, claimed, "todo"));
    const now = await this.drops.move(keys, (found) =>
      found.version === version && found.drop.state === "pending" ? change : null,
    );
    const isHeld = now?.drop.state === "claimed" && now.drop.runId === runId;
    return isHeld ? { keys, drop: now.drop } : null;
  }
}

/** True when the run holds the drop as this entry says: claimed by it, and not given back and claimed again since. */
export function holds(runId: string, entry: BatchEntry, { drop, version }: StoredDrop): boolean {
  return drop.state === "claimed" && drop.runId === runId && version === entry.version;
}

/** The first drops that a batch has room for; one fits any batch that has room for a file. */
function within(drops: readonly StoredDrop[], room: Room): { chosen: StoredDrop[]; isFull: boolean } {
  const chosen: StoredDrop[] = [];
  let bytes = 0;
  for (const stored of drops) {
    bytes += stored.drop.size;
    if (chosen.length >= room.files || room.bytes <= 0 || (bytes > room.bytes && chosen.length > 0))
      return { chosen, isFull: true };
    chosen.push(stored);
  }
  return { chosen, isFull: chosen.length >= room.files || bytes >= room.bytes };
}
