import {
  dayRow,
  dropKeys,
  newDropRow,
  pathPartition,
  pendingRow,
  toDropRecord,
  type DropKeys,
  type SeenDrop,
} from "./drop-rows";
import type { TablePort, Row } from "./ports";
import { listPrefix, rowsOf } from "./ranges";
import type { DropRecord, DropState } from "../domain/drop";
import type { Page } from "../domain/page";

/** What waits for a batch. `count` stops at the limit of the look. */
export interface PendingDrops {
  readonly count: number;
  readonly oldestSeenAt: string | null;
  readonly newestSeenAt: string | null;
}

const PENDING_LIMIT = 5000;

/**
 * The drops. A drop's own row is the truth; pending, day and batch rows are indexes that are repaired from it. The truth is
 * written first, so that a crash between two writes leaves a missing index row and never a lost drop.
 */
export class DropStore {
  constructor(
    readonly table: TablePort,
    private readonly now: () => Date,
  ) {}

  /** Records a version of a blob once; a duplicate changes nothing but mends a missing index row. */
  async record(drop: SeenDrop): Promise<{ created: boolean; drop: DropRecord }> {
    return this.insert(drop, null);
  }

  /** Records a version that no pipeline takes, with the reason. */
  async quarantine(drop: SeenDrop, reason: string): Promise<{ created: boolean; drop: DropRecord }> {
    return this.insert(drop, reason);
  }

  async get(keys: DropKeys): Promise<{ drop: DropRecord; rowEtag: string } | null> {
    const row = await this.table.get(keys.partitionKey, keys.rowKey);
    return row && { drop: toDropRecord(row), rowEtag: row.etag };
  }

  async find(container: string, path: string, etag: string): Promise<DropRecord | null> {
    return (await this.get(dropKeys(container, path, etag)))?.drop ?? null;
  }

  /** Every version of a path that was ever seen. */
  async versions(container: string, path: string): Promise<DropRecord[]> {
    const rows = await rowsOf(this.table, { partition: pathPartition(container, path) });
    return rows.map(toDropRecord).sort((a, b) => (a.seenAt < b.seenAt ? -1 : 1));
  }

  async pending(pipeline: string): Promise<PendingDrops> {
    const rows = await listPrefix(this.table, `pending|${pipeline}`, "", { limit: PENDING_LIMIT });
    const seen = (row: Row | undefined): string | null => row?.rowKey.split("|")[0] ?? null;
    return { count: rows.length, oldestSeenAt: seen(rows[0]), newestSeenAt: seen(rows.at(-1)) };
  }

  async hasPending(pipeline: string): Promise<boolean> {
    return (await listPrefix(this.table, `pending|${pipeline}`, "", { limit: 1 })).length > 0;
  }

  /** Drops of a pipeline by time seen; `accept` chooses, `token` is where the page before ended. */
  async list(
    pipeline: string,
    accept: (drop: DropRecord) => boolean,
    top: number,
    token?: string,
  ): Promise<Page<DropRecord>> {
    const items: DropRecord[] = [];
    for await (const row of this.dayRows(pipeline, token)) {
      const [partitionKey = "", rowKey = ""] = row.rowKey.split("|").slice(1);
      const found = await this.get({ partitionKey, rowKey });
      if (found && accept(found.drop)) items.push(found.drop);
      if (items.length >= top) return { items, nextToken: `${row.partitionKey}\n${row.rowKey}` };
    }
    return { items, nextToken: null };
  }

  /** Day rows from a token on: the rest of its day, then the days after. */
  private async *dayRows(pipeline: string, token: string | undefined): AsyncGenerator<Row> {
    const before = `day|${pipeline}|~`;
    if (token === undefined) {
      yield* this.table.query({ partition: { from: `day|${pipeline}|`, before } });
      return;
    }
    const [day = "", last = ""] = token.split("\n");
    yield* this.table.query({ partition: day, after: last });
    yield* this.table.query({ partition: { after: day, before } });
  }

  /** Mends index rows of pending drops, for the sweeper. Returns how many drops it looked at. */
  async mendPending(): Promise<number> {
    let looked = 0;
    for await (const { keys, drop } of this.inState("pending")) {
      await this.index(keys, drop);
      looked += 1;
    }
    return looked;
  }

  /** Drops that a run holds and that are not yet batched, for the sweeper. */
  async claimed(): Promise<{ keys: DropKeys; drop: DropRecord }[]> {
    const found: { keys: DropKeys; drop: DropRecord }[] = [];
    for await (const held of this.inState("claimed")) found.push(held);
    return found;
  }

  /** Drops' own rows: their partitions are hashes, those of index rows begin with a word and a bar. */
  private async *inState(state: DropState): AsyncGenerator<{ keys: DropKeys; drop: DropRecord }> {
    for await (const row of this.table.query({ partition: { from: "0", before: "g" } })) {
      if (row["kind"] !== "drop" || row["state"] !== state) continue;
      yield { keys: { partitionKey: row.partitionKey, rowKey: row.rowKey }, drop: toDropRecord(row) };
    }
  }

  private async insert(
    seen: SeenDrop,
    quarantineReason: string | null,
  ): Promise<{ created: boolean; drop: DropRecord }> {
    const keys = dropKeys(seen.container, seen.path, seen.etag);
    const state = quarantineReason === null ? "pending" : "quarantined";
    const created = await this.table.insert(newDropRow(keys, seen, state, quarantineReason, this.now().toISOString()));
    const stored = await this.get(keys);
    if (!stored) throw new Error(`drop ${seen.path} did not stay in the ledger`);
    await this.index(keys, stored.drop);
    return { created, drop: stored.drop };
  }

  private async index(keys: DropKeys, drop: DropRecord): Promise<void> {
    const own = { partitionKey: keys.partitionKey, rowKey: keys.rowKey };
    await this.table.insert(dayRow(drop.pipeline, drop.seenAt, own));
    if (drop.state === "pending") await this.table.insert(pendingRow(drop.pipeline, drop.seenAt, own));
  }
}
