import type { Row, RowChange, TablePort } from "./ports";
import { rowsOf } from "./ranges";

/** A waiting attempt of a run. */
export interface Ticket {
  /** Orchestration instance that waits. */
  readonly holder: string;
  /** Backfill windows queue behind other requests. */
  readonly backfill: boolean;
  /** When the attempt was asked for, ISO 8601; with the holder it fixes the place in the queue. */
  readonly requestedAt: string;
}

/** Where an attempt stands: position 0 holds the slot. */
export interface SlotPosition {
  readonly granted: boolean;
  readonly position: number;
}

/** State of one concurrency group. */
export interface SlotGroup {
  readonly holder: string | null;
  readonly waiting: readonly string[];
}

interface Partition {
  readonly slot: Row | null;
  readonly tickets: readonly Row[];
}

const MAX_TRIES = 30;

/**
 * One slot and its waiting tickets per concurrency group, all in one partition. Every hand-over is one transaction that is guarded
 * by the slot row's entity tag, so two hosts never grant it twice.
 */
export class SlotStore {
  constructor(private readonly table: TablePort) {}

  /** Queues the attempt if it is not queued, and takes the slot when it is free and the attempt is first. */
  async take(group: string, ticket: Ticket): Promise<SlotPosition> {
    const rowKey = `ticket|${ticket.backfill ? 1 : 0}|${ticket.requestedAt}|${ticket.holder}`;
    for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
      const { slot, tickets } = await this.read(group);
      if (slot && slot["holder"] === ticket.holder) return { granted: true, position: 0 };
      const place = tickets.findIndex((row) => row["holder"] === ticket.holder);
      if (!slot) await this.table.insert({ partitionKey: group, rowKey: "slot", holder: "" });
      else if (place < 0) await this.table.insert({ partitionKey: group, rowKey, holder: ticket.holder });
      else if (slot["holder"] !== "" || place > 0) return { granted: false, position: place + 1 };
      else if (await this.grant(group, slot, tickets[0])) return { granted: true, position: 0 };
    }
    throw new Error(`slot of group ${group} was changed by others ${MAX_TRIES} times`);
  }

  /** Gives up the slot or the place in the queue; the first who waits gets the slot. Returns the new holder to wake, if any. */
  async release(group: string, holder: string): Promise<string | null> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
      const { slot, tickets } = await this.read(group);
      const own = tickets.filter((row) => row["holder"] === holder);
      for (const row of own) await this.table.remove(group, row.rowKey);
      // The holder before may have granted this very ticket meanwhile: look again.
      if (own.length > 0) continue;
      if (!slot || slot["holder"] !== holder) return null;
      const next = tickets[0];
      if (await this.grant(group, slot, next)) return next ? String(next["holder"]) : null;
    }
    throw new Error(`slot of group ${group} was changed by others ${MAX_TRIES} times`);
  }

  async inspect(group: string): Promise<SlotGroup> {
    const { slot, tickets } = await this.read(group);
    return {
      holder: slot && slot["holder"] !== "" ? String(slot["holder"]) : null,
      waiting: tickets.map((row) => String(row["holder"])),
    };
  }

  private async grant(group: string, slot: Row, ticket: Row | undefined): Promise<boolean> {
    const row = { partitionKey: group, rowKey: "slot", holder: ticket ? String(ticket["holder"]) : "" };
    const changes: RowChange[] = [{ kind: "merge", row, expect: slot.etag }];
    if (ticket) changes.push({ kind: "delete", partitionKey: group, rowKey: ticket.rowKey });
    return this.table.transact(changes);
  }

  private async read(group: string): Promise<Partition> {
    const rows = await rowsOf(this.table, { partition: group });
    const slot = rows.find((row) => row.rowKey === "slot") ?? null;
    return { slot, tickets: rows.filter((row) => row.rowKey.startsWith("ticket|")) };
  }
}
