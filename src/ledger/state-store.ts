import type { HeldCatchUp } from "../domain/catch-up";
import type { LastPause } from "../domain/pause";
import { contend, OVERTAKEN, type Pause } from "./contention";
import type { TablePort } from "./ports";

/** What the ledger remembers of a pipeline between runs. */
export interface PipelineState {
  /** Schedule occurrences up to here were asked for or reported as missed; null before the first sweep. */
  readonly scheduledUntil: string | null;
  readonly pause: LastPause | null;
  /** Missed occurrences that are caught up only when a person approves. */
  readonly heldCatchUp: HeldCatchUp | null;
}

const NOT_BEFORE = { partitionKey: "databricks", rowKey: "notBefore" };

const stateKeys = (pipeline: string) => ({ partitionKey: pipeline, rowKey: "state" });

/** Small rows that several runs and processes share. */
export class StateStore {
  constructor(
    private readonly table: TablePort,
    private readonly pause: Pause,
  ) {}

  async get(pipeline: string): Promise<PipelineState> {
    const row = await this.table.get(pipeline, "state");
    const text = (column: string): string | null =>
      typeof row?.[column] === "string" && row[column] !== "" ? row[column] : null;
    const [heldFrom, heldUntil] = [text("heldFrom"), text("heldUntil")];
    const heldCatchUp = heldFrom !== null && heldUntil !== null ? { after: heldFrom, until: heldUntil } : null;
    const pausedAt = text("pausedAt");
    const [by, reason, endedAt] = [text("pausedBy"), text("pauseReason") ?? "", text("pauseEndedAt")];
    const pause = pausedAt === null ? null : { at: pausedAt, by, reason, endedAt };
    return { scheduledUntil: text("scheduledUntil"), pause, heldCatchUp };
  }

  async setHeldCatchUp(pipeline: string, held: HeldCatchUp): Promise<void> {
    await this.table.set({ ...stateKeys(pipeline), heldFrom: held.after, heldUntil: held.until });
  }

  /** Forgets occurrences that were decided, unless more have come to them since they were read. */
  async clearHeldCatchUp(pipeline: string, decided: HeldCatchUp): Promise<void> {
    await contend(`the held catch-up of ${pipeline}`, this.pause, async () => {
      const row = await this.table.get(pipeline, "state");
      if (row?.["heldFrom"] !== decided.after || row["heldUntil"] !== decided.until) return false;
      return (await this.table.merge({ ...stateKeys(pipeline), heldFrom: "", heldUntil: "" }, row.etag)) || OVERTAKEN;
    });
  }

  async setScheduledUntil(pipeline: string, scheduledUntil: string): Promise<void> {
    await this.table.set({ ...stateKeys(pipeline), scheduledUntil });
  }

  async setPause(pipeline: string, { at, by, reason, endedAt }: LastPause): Promise<void> {
    const pause = { pausedAt: at, pausedBy: by ?? "", pauseReason: reason, pauseEndedAt: endedAt ?? "" };
    await this.table.set({ ...stateKeys(pipeline), ...pause });
  }

  /** Until when no process may call Databricks, because it answered 429; null when it may. */
  async notBefore(): Promise<Date | null> {
    const row = await this.table.get(NOT_BEFORE.partitionKey, NOT_BEFORE.rowKey);
    return typeof row?.["until"] === "string" ? new Date(row["until"]) : null;
  }

  /** Holds all processes back until then; an earlier time than the stored one changes nothing. */
  async holdBack(until: Date): Promise<void> {
    await contend("the hold on Databricks calls", this.pause, async () => {
      const row = await this.table.get(NOT_BEFORE.partitionKey, NOT_BEFORE.rowKey);
      const change = { ...NOT_BEFORE, until: until.toISOString() };
      if (row === null) return (await this.table.insert(change)) || OVERTAKEN;
      return String(row["until"]) >= change.until || (await this.table.merge(change, row.etag)) || OVERTAKEN;
    });
  }
}
