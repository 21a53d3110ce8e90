import type { PipelineDefinition } from "../domain/pipeline-definition";
import { storedDefinition } from "../domain/stored-definition";
import {
  newestFirstBefore,
  newRunRow,
  repeatsRun,
  ROW_VERSION,
  runColumns,
  runKeys,
  stateKeys,
  stateRow,
  toRunRecord,
  type RunChange,
} from "./run-rows";
import { runEndedId, type RunEnded } from "../domain/message";
import type { Page } from "../domain/page";
import { isClosed, RUN_STATES, type RunRecord, type RunState } from "../domain/run";
import { contend, OVERTAKEN, type Pause } from "./contention";
import { messageRow, newMessage } from "./outbox-store";
import type { NewRow, Row, RowChange, TablePort } from "./ports";
import { listPrefix, rowsOf } from "./ranges";

/** A run together with the definition that it began with. */
export interface StoredRun {
  readonly run: RunRecord;
  readonly definition: PipelineDefinition;
}

/** What a new run takes: its alias and the work that it stands for. */
export interface NewRun {
  readonly run: Omit<RunRecord, "etag" | "steps" | "waiting">;
  readonly definition: PipelineDefinition;
  readonly aliasKey: string;
  readonly fingerprint: string;
  readonly workKey: string;
}

/** A row that names a run, with the tag that guards its replacement. */
export interface RunPointer {
  readonly runId: string;
  readonly fingerprint: string;
  readonly etag: string;
}

/**
 * Runs, aliases and open-run rows of all pipelines. A pipeline's rows share a partition, so that a request is one transaction:
 * alias, run and open row exist together or not at all.
 */
export class RunStore {
  constructor(
    private readonly table: TablePort,
    private readonly pause: Pause,
    private readonly now: () => Date,
  ) {}

  async find(runId: string): Promise<StoredRun | null> {
    const row = await this.row(runId);
    return (
      row && {
        run: toRunRecord(row),
        definition: storedDefinition(String(row["definition"])),
      }
    );
  }

  async get(runId: string): Promise<RunRecord | null> {
    const row = await this.row(runId);
    return row && toRunRecord(row);
  }

  async alias(pipeline: string, aliasKey: string): Promise<RunPointer | null> {
    return this.pointer(await this.table.get(pipeline, `alias|${aliasKey}`));
  }

  /** Frees an alias that names a run which retention has removed; one that changed meanwhile stays. */
  async forgetAlias(pipeline: string, aliasKey: string, { etag }: RunPointer): Promise<void> {
    await this.table.remove(pipeline, `alias|${aliasKey}`, etag);
  }

  /** The newest run that was made for this work, open or closed. */
  async work(pipeline: string, workKey: string): Promise<RunPointer | null> {
    return this.pointer(await this.table.get(pipeline, `work|${workKey}`));
  }

  /** Lets a further alias name an existing run; false when the alias is taken. */
  async addAlias(run: RunRecord, aliasKey: string, fingerprint: string): Promise<boolean> {
    return this.table.insert({
      partitionKey: run.pipeline,
      rowKey: `alias|${aliasKey}`,
      runId: run.runId,
      fingerprint,
    });
  }

  /** Inserts the request as one transaction; false when the alias or the work was taken meanwhile. */
  async create(
    { run, definition, aliasKey, fingerprint, workKey }: NewRun,
    replaces: RunPointer | null,
  ): Promise<boolean> {
    const partitionKey = run.pipeline;
    const work = { partitionKey, rowKey: `work|${workKey}`, runId: run.runId };
    const row = newRunRow(run, JSON.stringify(definition));
    return this.table.transact([
      { kind: "insert", row: { partitionKey, rowKey: `alias|${aliasKey}`, runId: run.runId, fingerprint } },
      replaces ? { kind: "merge", row: work, expect: replaces.etag } : { kind: "insert", row: work },
      { kind: "insert", row },
      { kind: "insert", row: stateRow(row) },
      { kind: "insert", row: { partitionKey, rowKey: `open|${run.runId}`, runId: run.runId } },
    ]);
  }

  /**
   * Applies `decide` to the current record until no writer comes between. `decide` returns null to leave the run as it is.
   * Index rows follow in the same transaction, and so does the message of an end: no crash can part them.
   */
  async change(runId: string, decide: (run: RunRecord) => RunChange | null): Promise<RunRecord> {
    return contend(`run ${runId}`, this.pause, async () => {
      const row = await this.row(runId);
      if (!row) throw new Error(`run ${runId} is not in the ledger`);
      const run = toRunRecord(row);
      const change = decide(run);
      if (change === null) return run;
      if (!(await this.table.transact(await this.changes(row, run, change)))) return OVERTAKEN;
      return (await this.get(runId)) ?? run;
    });
  }

  /** Runs that are not closed, in id order. */
  async open(pipeline: string): Promise<RunRecord[]> {
    const rows = await listPrefix(this.table, pipeline, "open|");
    const runs = await Promise.all(rows.map(async (row) => this.get(String(row["runId"]))));
    return runs.filter((run) => run !== null && !isClosed(run.state)) as RunRecord[];
  }

  /** Runs of a pipeline, newest first; `token` is where the page before ended. */
  async list(pipeline: string, state: RunState | undefined, top: number, token?: string): Promise<Page<RunRecord>> {
    const prefix = state === undefined ? "run|" : `state|${state}|`;
    const after = token === undefined ? {} : { after: `${prefix}${token}` };
    const rows = await listPrefix(this.table, pipeline, prefix, { ...after, limit: top + 1 });
    const page = rows.slice(0, top);
    const runs = state === undefined ? page.map(toRunRecord) : await this.runsOf(page, state);
    const nextToken = rows.length > top ? (page.at(-1)?.rowKey.slice(prefix.length) ?? null) : null;
    return { items: runs, nextToken };
  }

  /** Runs that were made before a time, the newest of them first; `token` is where the page before ended. */
  async createdBefore(pipeline: string, at: Date, top: number, token?: string): Promise<Page<RunRecord>> {
    const from = `run|${newestFirstBefore(at)}`;
    const after = token === undefined || `run|${token}` < from ? { from } : { after: `run|${token}` };
    const rows = await rowsOf(this.table, { partition: pipeline, ...after, before: "run|~", limit: top + 1 });
    const page = rows.slice(0, top);
    const nextToken = rows.length > top ? (page.at(-1)?.rowKey.slice("run|".length) ?? null) : null;
    return { items: page.map(toRunRecord), nextToken };
  }

  /** The runs of index rows. Rows of before only name their run, which may have another state by now. */
  private async runsOf(rows: readonly Row[], state: RunState): Promise<RunRecord[]> {
    const runs = await Promise.all(
      rows.map(async (row) => (repeatsRun(row) ? toRunRecord(row) : this.get(String(row["runId"])))),
    );
    return runs.filter((run) => run?.state === state) as RunRecord[];
  }

  private async changes(row: Row, run: RunRecord, change: RunChange): Promise<RowChange[]> {
    const keys = { partitionKey: row.partitionKey, rowKey: row.rowKey };
    const columns = { ...keys, ...runColumns(change), version: ROW_VERSION };
    const state = change.state ?? run.state;
    const index = await this.indexChanges(run, stateRow({ ...row, ...columns }));
    const changes: RowChange[] = [{ kind: "merge", row: columns, expect: row.etag }, ...index];
    const open = { partitionKey: keys.partitionKey, rowKey: `open|${run.runId}` };
    if (isClosed(state) && !isClosed(run.state)) {
      const ended = endOf({ ...run, ...change });
      const message = newMessage(runEndedId(run.runId, run.attempt), ended, this.now());
      changes.push({ kind: "delete", ...open }, { kind: "insert", row: messageRow(run.pipeline, message) });
    } else if (!isClosed(state) && isClosed(run.state)) {
      changes.push({ kind: "insert", row: { ...open, runId: run.runId } });
    }
    return changes;
  }

  /** Puts the index row in place of the one before. Where that is missing, a version without index rows changed the run: all are looked for. */
  private async indexChanges(run: RunRecord, next: NewRow): Promise<RowChange[]> {
    const under = async (state: RunState): Promise<Row | null> => {
      const { partitionKey, rowKey } = stateKeys(run, state);
      return this.table.get(partitionKey, rowKey);
    };
    const own = await under(run.state);
    const found = own === null ? await Promise.all(RUN_STATES.map(under)) : [own];
    const rows = found.filter((row) => row !== null);
    const same = rows.find(({ rowKey }) => rowKey === next.rowKey);
    const others = rows.filter((row) => row !== same);
    return [
      same ? { kind: "merge", row: next, expect: same.etag } : { kind: "insert", row: next },
      ...others.map(({ partitionKey, rowKey }): RowChange => ({ kind: "delete", partitionKey, rowKey })),
    ];
  }

  private async row(runId: string): Promise<Row | null> {
    const keys = runKeys(runId);
    return keys && (await this.table.get(keys.partitionKey, keys.rowKey));
  }

  private pointer(row: Row | null): RunPointer | null {
    return (
      row && {
        runId: String(row["runId"]),
        fingerprint: typeof row["fingerprint"] === "string" ? row["fingerprint"] : "",
        etag: row.etag,
      }
    );
  }
}

/** What is told of an attempt that ends here. */
function endOf({ runId, attempt, pipeline, state, reason, batch, error, endedAt }: RunRecord): RunEnded {
  return {
    kind: "runEnded",
    runId,
    attempt,
    pipeline,
    state,
    reason,
    drops: batch.drops,
    error,
    endedAt: endedAt ?? "",
  };
}
