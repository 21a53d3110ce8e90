import type { GenerationRecord } from "../domain/generation";
import { contend, jitteredPause, OVERTAKEN, type Pause } from "./contention";
import {
  columns,
  keysOf,
  toGeneration,
  type GenerationChange,
  type GenerationKey,
  type Intent,
} from "./generation-rows";
import type { TablePort } from "./ports";
import { listPrefix } from "./ranges";

/** An index row that names no generation is of an intent that never came; those younger than this may still come. */
const INTENT_GRACE_MS = 3_600_000;
/** Not the name of any pipeline: those have their rows in this table under their name. */
const UNSETTLED = "generations|unsettled";

/**
 * One row for every (run, step, generation), a row that leads from a Databricks run id back to it, and an index row for each that
 * may not be terminal, so that a look for those never reads the history.
 */
export class GenerationStore {
  constructor(
    private readonly table: TablePort,
    private readonly pause: Pause = jitteredPause(),
  ) {}

  /** Records the intent before run-now; an intent that is there already is kept and returned. */
  async intend(intent: Intent): Promise<GenerationRecord> {
    const keys = keysOf(intent.runId, intent.ordinal, intent.generation);
    const known = await this.get(intent.runId, intent.ordinal, intent.generation);
    if (known) return known;
    await this.index(intent);
    await this.table.insert({ ...keys, ...intent, terminal: false, submissions: 0, refusals: 0 });
    const stored = await this.get(intent.runId, intent.ordinal, intent.generation);
    if (!stored)
      throw new Error(
        `intent of ${intent.runId} step ${intent.step} generation ${intent.generation} did not stay in the ledger`,
      );
    return stored;
  }

  async get(runId: string, ordinal: number, generation: number): Promise<GenerationRecord | null> {
    const { partitionKey, rowKey } = keysOf(runId, ordinal, generation);
    const row = await this.table.get(partitionKey, rowKey);
    return row && toGeneration(row);
  }

  /** All generations of a run, by step and generation. */
  async list(runId: string): Promise<GenerationRecord[]> {
    return (await listPrefix(this.table, `generation|${runId}`, "g|")).map(toGeneration);
  }

  /** Applies `decide` until no writer comes between; null leaves the row as it is. */
  async change(
    runId: string,
    ordinal: number,
    generation: number,
    decide: (record: GenerationRecord) => GenerationChange | null,
  ): Promise<GenerationRecord> {
    const keys = keysOf(runId, ordinal, generation);
    const what = `generation ${generation} of step ${ordinal} of run ${runId}`;
    return contend(what, this.pause, async () => {
      const row = await this.table.get(keys.partitionKey, keys.rowKey);
      if (!row) throw new Error(`${what} is not in the ledger`);
      const record = toGeneration(row);
      const change = decide(record);
      if (change === null) return record;
      // A run that turned up after all: the index must name it before it is seen as not terminal.
      if (change.terminal === false && record.terminal) await this.index(record);
      return (await this.table.merge({ ...keys, ...columns(change) }, row.etag)) ? { ...record, ...change } : OVERTAKEN;
    });
  }

  /** Lets a webhook find who waits for a Databricks run, and everybody whose run it is. */
  async linkDatabricksRun(databricksRunId: string, { runId, ordinal, generation }: GenerationKey): Promise<void> {
    await this.table.put({ partitionKey: "databricks", rowKey: databricksRunId, runId, ordinal, generation });
  }

  async ownerOf(databricksRunId: string): Promise<GenerationKey | null> {
    if (!/^\d{1,20}$/.test(databricksRunId)) return null;
    const row = await this.table.get("databricks", databricksRunId);
    return (
      row && { runId: String(row["runId"]), ordinal: Number(row["ordinal"]), generation: Number(row["generation"]) }
    );
  }

  /** Generations of closed and open runs alike that are not terminal. Takes those out of the index that are. */
  async unsettled(now: Date): Promise<GenerationRecord[]> {
    const open: GenerationRecord[] = [];
    for (const row of await listPrefix(this.table, UNSETTLED, "")) {
      const { runId, ordinal, generation, indexedAt } = row;
      const record = await this.get(String(runId), Number(ordinal), Number(generation));
      if (record?.terminal === false) open.push(record);
      else if (record !== null || now.getTime() - Date.parse(String(indexedAt)) > INTENT_GRACE_MS)
        await this.table.remove(UNSETTLED, row.rowKey, row.etag);
    }
    return open;
  }

  private async index({ runId, ordinal, generation, intendedAt: indexedAt }: Intent): Promise<void> {
    const rowKey = `${runId}|${keysOf(runId, ordinal, generation).rowKey}`;
    await this.table.put({ partitionKey: UNSETTLED, rowKey, runId, ordinal, generation, indexedAt });
  }
}
