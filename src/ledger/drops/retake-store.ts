import type { RunRecord } from "../../domain/run";
import type { TablePort } from "../ports";
import { rowsOf } from "../ranges";

/** A batch whose run failed, to be taken over by a later run. */
export interface Retake {
  readonly runId: string;
  /** Attempt that failed; another one has a row of its own. */
  readonly attempt: number;
  /** How often the batch was taken over before. */
  readonly retakes: number;
  readonly dueAt: string;
}

const partitionOf = (pipeline: string): string => `retake|${pipeline}`;
const rowKeyOf = ({ dueAt, runId }: Retake): string => `${dueAt}|${runId}`;

/** Failed batches of each pipeline by the time from which a later run takes them over. */
export class RetakeStore {
  constructor(
    private readonly table: TablePort,
    private readonly now: () => Date,
  ) {}

  async add(pipeline: string, retake: Retake): Promise<void> {
    await this.table.put({ partitionKey: partitionOf(pipeline), rowKey: rowKeyOf(retake), ...retake });
  }

  async remove(pipeline: string, retake: Retake): Promise<void> {
    await this.table.remove(partitionOf(pipeline), rowKeyOf(retake));
  }

  /** When the batch of a closed run is taken over by a later one; null when nobody plans to. */
  async dueAt({ runId, pipeline, attempt }: Pick<RunRecord, "runId" | "pipeline" | "attempt">): Promise<string | null> {
    const rows = await rowsOf(this.table, { partition: partitionOf(pipeline) });
    const row = rows.find((one) => one["runId"] === runId && one["attempt"] === attempt);
    return row === undefined ? null : String(row["dueAt"]);
  }

  /** Batches that are due now, the longest due first. */
  async due(pipeline: string, limit: number): Promise<Retake[]> {
    const before = `${this.now().toISOString()}~`;
    const rows = await rowsOf(this.table, { partition: partitionOf(pipeline), before, limit });
    return rows.map((row) => ({
      runId: String(row["runId"]),
      attempt: Number(row["attempt"]),
      retakes: Number(row["retakes"]),
      dueAt: String(row["dueAt"]),
    }));
  }
}
