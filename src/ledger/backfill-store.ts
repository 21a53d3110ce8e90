import type { BackfillRecord, BackfillState, BackfillStep } from "../domain/backfill";
import type { PipelineDefinition } from "../domain/pipeline-definition";
import { contend, OVERTAKEN, type Pause } from "./contention";
import type { NewRow, Row, TablePort } from "./ports";
import { listPrefix } from "./ranges";

/** All backfills share a partition, so that an open one and its index row change together. No pipeline has such a name. */
const PARTITION = "backfills|";
const END_OF_TIME = 9_999_999_999_999;

const keysOf = (id: string) => ({ partitionKey: PARTITION, rowKey: `b|${id}` });
/** Names the open backfill of a plan; backfills of before have no such row. */
const planKeys = (plan: string) => ({ partitionKey: PARTITION, rowKey: `plan|${plan}` });
const openKeys = (id: string) => ({ partitionKey: PARTITION, rowKey: `open|${id}` });

function toRow(record: BackfillRecord): NewRow {
  const { todo, runId, requestedBy, endedAt, ...columns } = record;
  return {
    ...keysOf(record.id),
    ...columns,
    todo: JSON.stringify(todo),
    runId: runId ?? "",
    requestedBy: requestedBy ?? "",
    endedAt: endedAt ?? "",
  };
}

function toRecord(row: Row): BackfillRecord {
  const text = (column: string): string => (typeof row[column] === "string" ? row[column] : "");
  const whole = (column: string): number => (typeof row[column] === "number" ? row[column] : 0);
  return {
    id: text("id"),
    pipeline: text("pipeline"),
    from: text("from"),
    to: text("to"),
    windowHours: whole("windowHours"),
    reprocess: text("reprocess") as BackfillRecord["reprocess"],
    state: text("state") as BackfillState,
    todo: JSON.parse(text("todo")) as number[],
    done: whole("done"),
    failed: whole("failed"),
    failedInARow: whole("failedInARow"),
    runId: text("runId") || null,
    requestedBy: text("requestedBy") || null,
    reason: text("reason"),
    createdAt: text("createdAt"),
    endedAt: text("endedAt") || null,
  };
}

/** Id `<pipeline>-b<inverted milliseconds>-<8 hex>`: in a list the newest come first. */
export function newBackfillId(pipeline: string, at: Date, random: string): string {
  return `${pipeline}-b${END_OF_TIME - at.getTime()}-${random}`;
}

/** Backfills, and which of them are open. */
export class BackfillStore {
  constructor(
    private readonly table: TablePort,
    private readonly pause: Pause,
  ) {}

  /** False when one of this id is there already, or an open one of this plan. @param plan hash of what it was started by */
  async create(record: BackfillRecord, plan: string): Promise<boolean> {
    return this.table.transact([
      { kind: "insert", row: { ...toRow(record), plan } },
      { kind: "insert", row: openKeys(record.id) },
      { kind: "insert", row: { ...planKeys(plan), id: record.id } },
    ]);
  }

  /** The open backfill that was started by this plan, or null. */
  async ofPlan(plan: string): Promise<BackfillRecord | null> {
    const row = await this.table.get(PARTITION, planKeys(plan).rowKey);
    return typeof row?.["id"] === "string" ? this.get(row["id"]) : null;
  }

  async get(id: string): Promise<BackfillRecord | null> {
    const row = await this.table.get(PARTITION, keysOf(id).rowKey);
    return row && toRecord(row);
  }

  /** Applies `decide` to an open backfill until no writer comes between; null leaves it. Gives it as it is then. */
  async change(id: string, decide: (record: BackfillRecord) => BackfillStep | null): Promise<BackfillRecord> {
    return contend(`backfill ${id}`, this.pause, async () => {
      const row = await this.table.get(PARTITION, keysOf(id).rowKey);
      if (row === null) throw new Error(`backfill ${id} is not in the ledger`);
      const record = toRecord(row);
      const step = record.state === "running" ? decide(record) : null;
      if (step === null) return record;
      const next = { ...record, ...step };
      const merged = { kind: "merge", row: toRow(next), expect: row.etag } as const;
      const plan = typeof row["plan"] === "string" ? [planKeys(row["plan"])] : [];
      const index = next.state === "running" ? [] : [openKeys(id), ...plan];
      const ended = index.map((keys) => ({ kind: "delete", ...keys }) as const);
      return (await this.table.transact([merged, ...ended])) ? next : OVERTAKEN;
    });
  }

  /** Ids of the open ones. */
  async open(): Promise<string[]> {
    return (await listPrefix(this.table, PARTITION, "open|")).map(({ rowKey }) => rowKey.slice("open|".length));
  }

  /** Of a pipeline, the newest first. */
  async list(definition: Pick<PipelineDefinition, "name">, limit: number): Promise<BackfillRecord[]> {
    const rows = await listPrefix(this.table, PARTITION, `b|${definition.name}-b`, { limit });
    return rows.map(toRecord).filter(({ pipeline }) => pipeline === definition.name);
  }
}
