import { contend, OVERTAKEN, type Pause } from "./contention";
import type { TablePort } from "./ports";

/** What the ledger remembers of a pipeline between runs. */
export interface PipelineState {
  /** Schedule occurrences up to here were asked for or reported as missed; null before the first sweep. */
  readonly scheduledUntil: string | null;
}

const NOT_BEFORE = { partitionKey: "databricks", rowKey: "notBefore" };

/** Small rows that several runs and processes share. */
export class StateStore {
  constructor(
    private readonly table: TablePort,
    private readonly pause: Pause,
  ) {}

  async get(pipeline: string): Promise<PipelineState> {
    const row = await this.table.get(pipeline, "state");
    const text = (column: string): string | null => (typeof row?.[column] === "string" ? row[column] : null);
    return { scheduledUntil: text("scheduledUntil") };
  }

  async set(pipeline: string, change: Partial<PipelineState>): Promise<void> {
    await this.table.set({ partitionKey: pipeline, rowKey: "state", ...change });
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
