import { compact } from "../../domain/compact";
import type { DropRecord, DropState } from "../../domain/drop";
import type { TablePort } from "../ports";
import { rowsOf } from "../ranges";
import {
  dropColumns,
  dropKeys,
  indexKeys,
  indexPartition,
  indexRow,
  pathPartition,
  toIndexEntry,
  toStoredDrop,
  type DropKeys,
  type IndexEntry,
  type SeenDrop,
  type StoredDrop,
} from "./drop-rows";

/** What waits for a batch. `count` stops at the limit of one look. */
export interface PendingDrops {
  readonly count: number;
  readonly oldestSeenAt: string | null;
  readonly newestSeenAt: string | null;
}

/** A change of a drop's state. */
export type DropChange = Pick<DropRecord, "state" | "reason" | "runId" | "decision">;

const ONE_LOOK = 1000;
/** An index row may be older than its drop by this much before anybody takes the drop for lost. */
const ORPHAN_GRACE_MS = 120_000;

/**
 * The drops. A drop's own row is the truth; index rows, one partition for a pipeline and state, repeat it. A change writes the truth,
 * then the new index row, and removes the old one last: whatever is killed in between, at least one index row leads to the drop,
 * and whoever reads that row mends it.
 */
export class DropStore {
  constructor(
    readonly table: TablePort,
    private readonly now: () => Date,
  ) {}

  /** Records a version of a blob once; a duplicate changes nothing but mends its index. */
  async record(drop: SeenDrop): Promise<{ created: boolean; drop: DropRecord }> {
    return this.insert(drop, { state: "pending", reason: null });
  }

  /** Records a version that nobody will read, with the reason. */
  async quarantine(drop: SeenDrop, reason: string): Promise<{ created: boolean; drop: DropRecord }> {
    return this.insert(drop, { state: "quarantined", reason });
  }

  /** Records a version that is there to be seen alone. */
  async probe(drop: SeenDrop): Promise<{ created: boolean; drop: DropRecord }> {
    return this.insert(drop, { state: "vanished", reason: "a probe, which no batch holds" });
  }

  async get(keys: DropKeys): Promise<StoredDrop | null> {
    const row = await this.table.get(keys.partitionKey, keys.rowKey);
    return row && toStoredDrop(row);
  }

  async find(container: string, path: string, etag: string): Promise<DropRecord | null> {
    return (await this.get(dropKeys(container, path, etag)))?.drop ?? null;
  }

  /** The same; of a pending drop the index is mended. */
  async findAndMend(container: string, path: string, etag: string): Promise<DropRecord | null> {
    const found = await this.get(dropKeys(container, path, etag));
    if (found?.drop.state === "pending") await this.mendIndex(found);
    return found?.drop ?? null;
  }

  /** Every version of a path that was ever seen, oldest first. */
  async versions(container: string, path: string): Promise<DropRecord[]> {
    const rows = await rowsOf(this.table, { partition: pathPartition(container, path) });
    return rows.map((row) => toStoredDrop(row).drop).sort((a, b) => (a.seenAt < b.seenAt ? -1 : 1));
  }

  /** Looks at what is pending. Of more than one look holds, the newest is sought among those seen after `recently`. */
  async pending(pipeline: string, recently?: string): Promise<PendingDrops> {
    const oldest = await this.entries("pending", pipeline, ONE_LOOK);
    const recent =
      oldest.length < ONE_LOOK || recently === undefined
        ? oldest
        : await this.entries("pending", pipeline, ONE_LOOK, recently);
    return {
      count: oldest.length,
      oldestSeenAt: oldest[0]?.seenAt ?? null,
      newestSeenAt: (recent.at(-1) ?? oldest.at(-1))?.seenAt ?? null,
    };
  }

  async hasPending(pipeline: string): Promise<boolean> {
    return (await this.entries("pending", pipeline, 1)).length > 0;
  }

  /** Index entries of a state, by time seen, beyond a row key. */
  async entries(state: DropState, pipeline: string, limit: number, after?: string): Promise<IndexEntry[]> {
    const beyond = after === undefined ? {} : { after };
    const rows = await rowsOf(this.table, { partition: indexPartition(state, pipeline), ...beyond, limit });
    return rows.map(toIndexEntry);
  }

  /**
   * Changes a drop by If-Match; `decide` gives null to leave it as it is, whose index is then mended. Returns the drop as it is then,
   * null when there is none.
   */
  async move(keys: DropKeys, decide: (stored: StoredDrop) => DropChange | null): Promise<StoredDrop | null> {
    for (;;) {
      const found = await this.get(keys);
      if (!found) return null;
      const change = decide(found);
      if (change === null) {
        await this.mendIndex(found);
        return found;
      }
      const version = found.version + 1;
      const was = found.drop.state;
      const columns = {
        ...{ state: change.state, reason: change.reason ?? "", runId: change.runId ?? "", wasOf: "" },
        ...(change.decision === undefined ? {} : { decision: JSON.stringify(change.decision) }),
      };
      if (!(await this.table.merge({ ...keys, ...columns, version, was }, found.rowEtag))) continue;
      const moved = { ...found, drop: { ...found.drop, ...change }, version, was, wasOf: null };
      await this.mendIndex(moved);
      return moved;
    }
  }

  /** Gives a pending drop to another pipeline. False when it is pending no more, or was given away meanwhile. */
  async route(keys: DropKeys, from: string, to: { pipeline: string; source: string }): Promise<boolean> {
    const found = await this.get(keys);
    if (found?.drop.state !== "pending" || found.drop.pipeline !== from) return false;
    const version = found.version + 1;
    const change = { ...to, version, was: "pending" as const, wasOf: from };
    if (!(await this.table.merge({ ...keys, ...change }, found.rowEtag))) return false;
    await this.mendIndex({ ...found, ...change, drop: { ...found.drop, ...to } });
    return true;
  }

  /**
   * Puts a quarantined drop back to the pending ones, of the pipeline that takes it now. Returns it as it is then; one that is not
   * quarantined any more is left alone, and so is one of which something was decided, unless that is taken back.
   */
  async requeue(
    keys: DropKeys,
    to: { pipeline: string; source: string },
    takeBack = false,
  ): Promise<DropRecord | null> {
    for (;;) {
      const found = await this.get(keys);
      if (found?.drop.state !== "quarantined") return found?.drop ?? null;
      if (found.drop.decision !== undefined && !takeBack) return found.drop;
      const version = found.version + 1;
      const wasOf = found.drop.pipeline;
      const was = "quarantined" as const;
      const columns = { ...to, state: "pending" as const, reason: "", runId: "", decision: "", version, was, wasOf };
      if (!(await this.table.merge({ ...keys, ...columns }, found.rowEtag))) continue;
      const pending = { ...to, state: "pending" as const, reason: null, runId: null, decision: undefined };
      const drop = compact<DropRecord>({ ...found.drop, ...pending });
      await this.mendIndex({ ...found, drop, version, was, wasOf });
      return drop;
    }
  }

  /** Removes a drop for good, unless it changed meanwhile. An index row without its drop is removed by whoever reads it. */
  async erase({ keys, drop, version, rowEtag }: StoredDrop): Promise<void> {
    const index = indexKeys(keys, drop, version);
    if (await this.table.remove(keys.partitionKey, keys.rowKey, rowEtag))
      await this.table.remove(index.partitionKey, index.rowKey);
  }

  /** Brings an index row into line with its drop. Returns the drop when the row is true, else null: then the row is gone. */
  async verify(entry: IndexEntry): Promise<StoredDrop | null> {
    const found = await this.get(entry.drop);
    if (found) {
      const own = indexKeys(entry.drop, found.drop, found.version);
      if (own.partitionKey === entry.partitionKey && own.rowKey === entry.rowKey) return found;
      await this.table.insert(indexRow(entry.drop, found.drop, found.version));
    } else if (this.now().getTime() - Date.parse(entry.seenAt) < ORPHAN_GRACE_MS) {
      // Its drop is about to be written.
      return null;
    }
    await this.table.remove(entry.partitionKey, entry.rowKey);
    // A row of before version 0.2 has another key for the same.
    const isSame =
      found?.version === entry.version && entry.partitionKey === indexPartition(found.drop.state, found.drop.pipeline);
    return isSame ? found : null;
  }

  private async insert(
    seen: SeenDrop,
    first: Pick<DropRecord, "state" | "reason">,
  ): Promise<{ created: boolean; drop: DropRecord }> {
    const keys = dropKeys(seen.container, seen.path, seen.etag);
    const known = await this.get(keys);
    if (known) {
      if (known.drop.state === "pending") await this.mendIndex(known);
      return { created: false, drop: known.drop };
    }
    const at = this.now();
    const drop: DropRecord = { ...seen, ...first, runId: null, seenAt: at.toISOString() };
    const index = indexRow(keys, drop, 0);
    // The index first: a drop that no index row leads to would never be taken.
    await this.table.insert(index);
    const created = await this.table.insert({ ...keys, kind: "drop", ...dropColumns(drop), version: 0 });
    if (created && this.now().getTime() - at.getTime() < ORPHAN_GRACE_MS / 2) return { created, drop };
    // Slow, or another execution was faster and has an index row of its own.
    const stored = await this.get(keys);
    if (!stored) throw new Error(`drop ${seen.path} did not stay in the ledger`);
    await this.mendIndex(stored);
    const isOurs = stored.drop.seenAt === drop.seenAt && stored.version === 0;
    if (!isOurs) await this.table.remove(index.partitionKey, index.rowKey);
    return { created, drop: stored.drop };
  }

  /** Writes the index row of a drop, then removes the one of its state before. */
  private async mendIndex({ keys, drop, version, was, wasOf }: StoredDrop): Promise<void> {
    await this.table.insert(indexRow(keys, drop, version));
    if (was === null) return;
    const old = indexKeys(keys, { ...drop, state: was, pipeline: wasOf ?? drop.pipeline }, version - 1);
    await this.table.remove(old.partitionKey, old.rowKey);
  }
}
