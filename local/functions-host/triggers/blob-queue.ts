import type { Database } from "../database";

/** One version of one blob that a function has to be told of. */
export interface BlobMessage {
  readonly seq: number;
  readonly container: string;
  readonly blob: string;
  readonly etag: string;
  readonly source: "scan" | "event";
  readonly dequeueCount: number;
}

/** Receipts and the queue of deliveries, in the host's database. */
export class BlobQueue {
  constructor(private readonly db: Database) {}

  /** Queues a version of a blob for a function unless there is a receipt for it. Returns whether it was new. */
  offer(fn: string, message: Pick<BlobMessage, "container" | "blob" | "etag" | "source">): boolean {
    return this.db.tx(() => {
      const path = `${message.container}/${message.blob}`;
      const isNew =
        this.db.run(
          "INSERT OR IGNORE INTO blob_receipts (function, path, etag, seen_at) VALUES (?, ?, ?, ?)",
          fn,
          path,
          message.etag,
          Date.now(),
        ) > 0;
      if (isNew) this.push(fn, message);
      return isNew;
    });
  }

  /** Queues without looking at receipts. */
  push(fn: string, message: Pick<BlobMessage, "container" | "blob" | "etag" | "source">): void {
    this.db.run(
      "INSERT INTO blob_messages (function, container, blob, etag, source) VALUES (?, ?, ?, ?, ?)",
      ...[fn, message.container, message.blob, message.etag, message.source],
    );
  }

  /** Messages that may be delivered now, oldest first. */
  due(fn: string, limit: number): BlobMessage[] {
    const rows = this.db.all(
      "SELECT * FROM blob_messages WHERE function = ? AND visible_at <= ? ORDER BY seq LIMIT ?",
      fn,
      Date.now(),
      limit,
    );
    return rows.map((row) => ({
      seq: Number(row["seq"]),
      container: String(row["container"]),
      blob: String(row["blob"]),
      etag: String(row["etag"]),
      source: row["source"] === "scan" ? "scan" : "event",
      dequeueCount: Number(row["dequeue_count"]),
    }));
  }

  remove(seq: number): void {
    this.db.run("DELETE FROM blob_messages WHERE seq = ?", seq);
  }

  /** Shows the message again after `delayMs`; `counted` = the attempt was the function's failure. */
  retry(seq: number, delayMs: number, counted: boolean): void {
    this.db.run(
      "UPDATE blob_messages SET dequeue_count = dequeue_count + ?, visible_at = ? WHERE seq = ?",
      counted ? 1 : 0,
      Date.now() + delayMs,
      seq,
    );
  }
}
