import { parseStored } from "../domain/stored";
import { exitJsonSchema } from "../domain/exit-json";
import type { Row, TablePort } from "./ports";
import { listPrefix, rowsOf } from "./ranges";
import type { GenerationRecord } from "../domain/generation";

/** Columns of a generation that change after its intent. */
export type GenerationChange = Partial<
  Omit<
    GenerationRecord,
    "runId" | "step" | "ordinal" | "generation" | "attempt" | "job" | "idempotencyToken" | "intendedAt"
  >
>;

/** What is known before run-now is called. */
export type Intent = Pick<
  GenerationRecord,
  "runId" | "step" | "ordinal" | "generation" | "attempt" | "job" | "idempotencyToken" | "intendedAt"
>;

/** Where a Databricks run belongs. */
export interface DatabricksRunOwner {
  readonly runId: string;
  readonly ordinal: number;
  readonly generation: number;
}

const MAX_TRIES = 20;
/** Exit JSON longer than this stays in its blob only: a table property holds 32 Ki characters. */
const MAX_COLUMN = 30_000;

const pad = (value: number): string => String(value).padStart(4, "0");
const keysOf = (runId: string, ordinal: number, generation: number): { partitionKey: string; rowKey: string } => ({
  partitionKey: `generation|${runId}`,
  rowKey: `g|${pad(ordinal)}|${pad(generation)}`,
});

function columns(change: GenerationChange): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(change).map(([column, value]) => {
      if (value === null) return [column, ""];
      if (typeof value !== "object") return [column, value];
      const json = JSON.stringify(value);
      return [column, json.length > MAX_COLUMN ? "" : json];
    }),
  );
}

function toGeneration(row: Row): GenerationRecord {
  const text = (column: string): string => (typeof row[column] === "string" ? row[column] : "");
  const orNull = (column: string): string | null => text(column) || null;
  const whole = (column: string): number => (typeof row[column] === "number" ? row[column] : 0);
  const exit = orNull("exit");
  const verdict = orNull("verdict");
  return {
    runId: text("runId"),
    step: text("step"),
    ordinal: whole("ordinal"),
    generation: whole("generation"),
    attempt: whole("attempt"),
    job: text("job"),
    idempotencyToken: text("idempotencyToken"),
    databricksRunId: orNull("databricksRunId"),
    jobId: orNull("jobId"),
    taskRunId: orNull("taskRunId"),
    url: orNull("url"),
    lifeCycleState: orNull("lifeCycleState"),
    resultState: orNull("resultState"),
    terminal: row["terminal"] === true,
    verdict: verdict === null ? null : (JSON.parse(verdict) as GenerationRecord["verdict"]),
    status: orNull("status"),
    exit: exit === null ? null : parseStored(exitJsonSchema, JSON.parse(exit)),
    exitPath: orNull("exitPath"),
    lastFault: orNull("lastFault"),
    intendedAt: text("intendedAt"),
    startedAt: orNull("startedAt"),
    endedAt: orNull("endedAt"),
    durationSeconds: typeof row["durationSeconds"] === "number" ? row["durationSeconds"] : null,
  };
}

/** One row for every (run, step, generation), and a row that leads from a Databricks run id back to it. */
export class GenerationStore {
  constructor(private readonly table: TablePort) {}

  /** Records the intent before run-now; an intent that is there already is kept and returned. */
  async intend(intent: Intent): Promise<GenerationRecord> {
    await this.table.insert({ ...keysOf(intent.runId, intent.ordinal, intent.generation), ...intent, terminal: false });
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
    for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
      const row = await this.table.get(keys.partitionKey, keys.rowKey);
      if (!row) break;
      const record = toGeneration(row);
      const change = decide(record);
      if (change === null) return record;
      if (await this.table.merge({ ...keys, ...columns(change) }, row.etag)) return { ...record, ...change };
    }
    throw new Error(
      `generation ${generation} of step ${ordinal} of run ${runId} is absent, or was changed by others ${MAX_TRIES} times`,
    );
  }

  /** Lets a webhook find who waits for a Databricks run. */
  async linkDatabricksRun(databricksRunId: string, owner: DatabricksRunOwner): Promise<void> {
    await this.table.put({ partitionKey: "databricks", rowKey: databricksRunId, ...owner });
  }

  async ownerOf(databricksRunId: string): Promise<DatabricksRunOwner | null> {
    if (!/^\d{1,20}$/.test(databricksRunId)) return null;
    const row = await this.table.get("databricks", databricksRunId);
    return (
      row && { runId: String(row["runId"]), ordinal: Number(row["ordinal"]), generation: Number(row["generation"]) }
    );
  }

  /** Generations of closed and open runs alike whose Databricks run was not yet seen terminal. */
  async unsettled(): Promise<GenerationRecord[]> {
    const rows = await rowsOf(this.table, { partition: { from: "generation|", before: "generation|~" } });
    return rows.filter((row) => row["terminal"] === false).map(toGeneration);
  }
}
