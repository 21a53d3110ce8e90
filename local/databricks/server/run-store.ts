import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { unknownRun } from "./api-error";
import { nextId, transaction } from "./database";
import { makePage, type Cursor, type Page } from "./paging";
import type { RunRecord, TaskRunRecord } from "./records";

/** Which runs `runs/list` shows. */
export interface RunFilter {
  readonly jobId?: number | undefined;
  readonly done?: boolean | undefined;
  readonly runType?: string | undefined;
  readonly startTimeFrom?: number | undefined;
  readonly startTimeTo?: number | undefined;
}

const toRun = (row: Record<string, SQLOutputValue>): RunRecord => JSON.parse(String(row["record"])) as RunRecord;
const toTask = (row: Record<string, SQLOutputValue>): TaskRunRecord =>
  JSON.parse(String(row["record"])) as TaskRunRecord;

/** Job runs, their task runs and idempotency tokens in SQLite. */
export class RunStore {
  constructor(private readonly database: DatabaseSync) {}

  newId(): number {
    return nextId(this.database);
  }

  /** Stores a run, its first task runs and its token together. */
  insert(
    make: () => { run: RunRecord; tasks: readonly TaskRunRecord[] },
    token?: string,
  ): { run: RunRecord; tasks: readonly TaskRunRecord[] } {
    return transaction(this.database, () => {
      const made = make();
      this.saveRun(made.run);
      for (const task of made.tasks) this.saveTask(task);
      if (token !== undefined) {
        this.database.prepare("INSERT INTO idempotency_tokens(token, run_id) VALUES (?, ?)").run(token, made.run.runId);
      }
      return made;
    });
  }

  /** The run id that a token started, even if that run was deleted since. */
  runOfToken(token: string): number | undefined {
    const row = this.database.prepare("SELECT run_id FROM idempotency_tokens WHERE token = ?").get(token);
    return row === undefined ? undefined : Number(row["run_id"]);
  }

  saveRun(run: RunRecord): void {
    this.database
      .prepare(
        `INSERT INTO runs(run_id, job_id, done, run_type, start_time, record) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT(run_id) DO UPDATE SET done = excluded.done, start_time = excluded.start_time, record = excluded.record`,
      )
      .run(
        run.runId,
        run.jobId,
        run.phase === "done" ? 1 : 0,
        run.runType,
        run.startTime || run.createdTime,
        JSON.stringify(run),
      );
  }

  saveTask(task: TaskRunRecord): void {
    this.database
      .prepare(
        "INSERT INTO task_runs(run_id, job_run_id, record) VALUES (?, ?, ?) ON CONFLICT(run_id) DO UPDATE SET record = excluded.record",
      )
      .run(task.runId, task.jobRunId, JSON.stringify(task));
  }

  find(runId: number): RunRecord | undefined {
    const row = this.database.prepare("SELECT record FROM runs WHERE run_id = ?").get(runId);
    return row && toRun(row);
  }

  findTask(runId: number): TaskRunRecord | undefined {
    const row = this.database.prepare("SELECT record FROM task_runs WHERE run_id = ?").get(runId);
    return row && toTask(row);
  }

  /** Throws 400 "Run N does not exist." when it does not. */
  get(runId: number): RunRecord {
    const run = this.find(runId);
    if (!run) throw unknownRun(runId);
    return run;
  }

  /** All attempts of all tasks of a job run, oldest first. */
  tasks(jobRunId: number): TaskRunRecord[] {
    return this.database
      .prepare("SELECT record FROM task_runs WHERE job_run_id = ? ORDER BY run_id")
      .all(jobRunId)
      .map(toTask);
  }

  /** Runs that are not done, oldest first. */
  open(): RunRecord[] {
    return this.database.prepare("SELECT record FROM runs WHERE done = 0 ORDER BY run_id").all().map(toRun);
  }

  /** Newest first. */
  list(filter: RunFilter, cursor: Cursor, limit: number): Page<RunRecord> {
    const fetch = (at: Cursor, count: number): RunRecord[] =>
      this.database
        .prepare(
          `SELECT record FROM runs WHERE (?1 IS NULL OR job_id = ?1) AND (?2 IS NULL OR done = ?2) AND (run_type = ?3 OR (?3 IS NULL AND run_type <> 'WORKFLOW_RUN'))
           AND start_time >= ?4 AND start_time <= ?5 AND run_id < ?6 AND run_id > ?7
           ORDER BY run_id ${at.after === undefined ? "DESC" : "ASC"} LIMIT ?8 OFFSET ?9`,
        )
        .all(
          filter.jobId ?? null,
          filter.done === undefined ? null : Number(filter.done),
          filter.runType ?? null,
          filter.startTimeFrom ?? 0,
          filter.startTimeTo ?? Number.MAX_SAFE_INTEGER,
          at.before ?? Number.MAX_SAFE_INTEGER,
          at.after ?? 0,
          count,
          at.offset,
        )
        .map(toRun);
    return makePage(cursor, limit, (run) => run.runId, fetch);
  }

  /** Removes a run; its token stays reserved. */
  delete(runId: number): void {
    transaction(this.database, () => {
      this.database.prepare("DELETE FROM task_runs WHERE job_run_id = ?").run(runId);
      this.database.prepare("DELETE FROM task_values WHERE job_run_id = ?").run(runId);
      this.database.prepare("DELETE FROM runs WHERE run_id = ?").run(runId);
    });
  }
}
