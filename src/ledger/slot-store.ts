import { contend, jitteredPause, OVERTAKEN, type Pause } from "./contention";
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

/**
 * One slot and its waiting tickets per concurrency group, all in one partition. Every hand-over is one transaction that is guarded
 * by the slot row's entity tag, so two hosts never grant it twice.
 */
export class SlotStore {
  constructor(
    private readonly table: TablePort,
    private readonly pause: Pause = jitteredPause(),
  ) {}

  /** Queues the attempt if it is not queued, and takes the slot when it is free and the attempt is first. */
  async take(group: string, ticket: Ticket): Promise<SlotPosition> {
    const rowKey = `ticket|${ticket.backfill ? 1 : 0}|${ticket.requestedAt}|${ticket.holder}`;
    return contend(`slot of group ${group}`, this.pause, async () => {
      let { slot, tickets } = await this.read(group);
      const held = (): boolean => slot?.["holder"] === ticket.holder;
      const place = (): number => tickets.findIndex((row) => row["holder"] === ticket.holder);
      if (!slot || (!held() && place() < 0)) {
        if (!slot) await this.table.insert({ partitionKey: group, rowKey: "slot", holder: "" });
        if (place() < 0) await this.table.insert({ partitionKey: group, rowKey, holder: ticket.holder });
        ({ slot, tickets } = await this.read(group));
      }
      if (held()) return { granted: true, position: 0 };
      if (!slot || place() < 0) return OVERTAKEN;
      if (slot["holder"] !== "" || place() > 0) return { granted: false, position: place() + 1 };
      return (await this.grant(group, slot, tickets[0])) ? { granted: true, position: 0 } : OVERTAKEN;
    });
  }

  /** Gives up the slot or the place in the queue; the first who waits gets the slot. Returns the new holder to wake, if any. */
  async release(group: string, holder: string): Promise<string | null> {
    return contend(`slot of group ${group}`, this.pause, async () => {
      let { slot, tickets } = await this.read(group);
      const own = tickets.filter((row) => row["holder"] === holder);
      for (const row of own) await this.table.remove(group, row.rowKey);
      // The holder before may have granted this very ticket meanwhile: look again.
      if (own.length > 0) ({ slot, tickets } = await this.read(group));
      if (!slot || slot["holder"] !== holder) return null;
      const next = tickets[0];
      if (!(await this.grant(group, slot, next))) return OVERTAKEN;
      return next ? String(next["holder"]) : null;
    });
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
