import { pipelineDefinitionSchema, type PipelineDefinition } from "../domain/pipeline-definition";
import { newRunRow, runColumns, runKeys, toRunRecord, type RunChange } from "./run-rows";
import type { Row, RowChange, TablePort } from "./ports";
import { listPrefix } from "./ranges";
import { isClosed, type RunRecord, type RunState } from "../domain/run";
import type { Page } from "../domain/page";

/** A run together with the definition that it began with. */
export interface StoredRun {
  readonly run: RunRecord;
  readonly definition: PipelineDefinition;
}

/** What a new run takes: its alias and the work that it stands for. */
export interface NewRun {
  readonly run: Omit<RunRecord, "etag" | "steps">;
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

const MAX_TRIES = 20;

/**
 * Runs, aliases and open-run rows of all pipelines. A pipeline's rows share a partition, so that a request is one transaction:
 * alias, run and open row exist together or not at all.
 */
export class RunStore {
  constructor(private readonly table: TablePort) {}

  async find(runId: string): Promise<StoredRun | null> {
    const row = await this.row(runId);
    return (
      row && {
        run: toRunRecord(row),
        definition: pipelineDefinitionSchema.parse(JSON.parse(String(row["definition"]))),
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
    return this.table.transact([
      { kind: "insert", row: { partitionKey, rowKey: `alias|${aliasKey}`, runId: run.runId, fingerprint } },
      replaces ? { kind: "merge", row: work, expect: replaces.etag } : { kind: "insert", row: work },
      { kind: "insert", row: newRunRow(run, JSON.stringify(definition)) },
      { kind: "insert", row: { partitionKey, rowKey: `open|${run.runId}`, runId: run.runId } },
    ]);
  }

  /**
   * Applies `decide` to the current record until no writer comes between. `decide` returns null to leave the run as it is.
   * Closing and reopening keep the open row in step, in the same transaction.
   */
  async change(runId: string, decide: (run: RunRecord) => RunChange | null): Promise<RunRecord> {
    const keys = runKeys(runId);
    for (let attempt = 0; keys && attempt < MAX_TRIES; attempt += 1) {
      const run = await this.get(runId);
      if (!run) break;
      const change = decide(run);
      if (change === null) return run;
      if (await this.table.transact(this.changes(run, keys, change))) return (await this.get(runId)) ?? run;
    }
    throw new Error(`run ${runId} is absent, or was changed by others ${MAX_TRIES} times`);
  }

  /** Runs that are not closed, in id order. */
  async open(pipeline: string): Promise<RunRecord[]> {
    const rows = await listPrefix(this.table, pipeline, "open|");
    const runs = await Promise.all(rows.map(async (row) => this.get(String(row["runId"]))));
    return runs.filter((run) => run !== null && !isClosed(run.state)) as RunRecord[];
  }

  /** Runs of a pipeline, newest first; `token` is the last row key of the page before. */
  async list(pipeline: string, state: RunState | undefined, top: number, token?: string): Promise<Page<RunRecord>> {
    const lower = token === undefined ? { from: "run|" } : { after: token };
    const rows: Row[] = [];
    for await (const row of this.table.query({ partition: pipeline, ...lower, before: "run|~" })) {
      if (state === undefined || row["state"] === state) rows.push(row);
      if (rows.length > top) break;
    }
    const page = rows.slice(0, top);
    return { items: page.map(toRunRecord), nextToken: rows.length > top ? (page.at(-1)?.rowKey ?? null) : null };
  }

  private changes(run: RunRecord, keys: { partitionKey: string; rowKey: string }, change: RunChange): RowChange[] {
    const update: RowChange = { kind: "merge", row: { ...keys, ...runColumns(change) }, expect: run.etag };
    const open = { partitionKey: keys.partitionKey, rowKey: `open|${run.runId}` };
    const closes = change.state !== undefined && isClosed(change.state);
    if (closes && !isClosed(run.state)) return [update, { kind: "delete", ...open }];
    if (change.state !== undefined && !closes && isClosed(run.state))
      return [update, { kind: "insert", row: { ...open, runId: run.runId } }];
    return [update];
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
