import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SQLInputValue, StatementSync } from "node:sqlite";
import { HostError } from "./log";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS instances (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT, execution_id TEXT NOT NULL, status TEXT NOT NULL, suspended INTEGER NOT NULL DEFAULT 0,
  input TEXT, output TEXT, custom_status TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  parent_id TEXT, parent_execution_id TEXT, parent_task_id INTEGER, plan TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS instances_by_time ON instances (created_at, id);
CREATE TABLE IF NOT EXISTS history (
  instance_id TEXT NOT NULL, execution_id TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL,
  PRIMARY KEY (instance_id, execution_id, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT, event TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS inbox_by_instance ON inbox (instance_id, seq);
CREATE TABLE IF NOT EXISTS activities (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT NOT NULL, task_id INTEGER NOT NULL,
  name TEXT NOT NULL, input TEXT, UNIQUE (instance_id, execution_id, task_id));
CREATE TABLE IF NOT EXISTS timers (
  instance_id TEXT NOT NULL, execution_id TEXT NOT NULL, timer_id INTEGER NOT NULL, fire_at INTEGER NOT NULL,
  PRIMARY KEY (instance_id, execution_id, timer_id));
CREATE INDEX IF NOT EXISTS timers_by_time ON timers (fire_at);
CREATE TABLE IF NOT EXISTS blob_receipts (
  function TEXT NOT NULL, path TEXT NOT NULL, etag TEXT NOT NULL, seen_at INTEGER NOT NULL, PRIMARY KEY (function, path, etag)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blob_messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, function TEXT NOT NULL, container TEXT NOT NULL, blob TEXT NOT NULL, etag TEXT NOT NULL,
  source TEXT NOT NULL, dequeue_count INTEGER NOT NULL DEFAULT 0, visible_at INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS timer_status (
  function TEXT PRIMARY KEY, schedule TEXT NOT NULL, last INTEGER, next INTEGER, updated_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

/** A row as SQLite returns it. */
export type Row = Record<string, unknown>;

/** The host's durable state: one SQLite file, written in short transactions, so that a killed host loses nothing it has acknowledged. */
export class Database {
  private readonly db: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  private depth = 0;

  private readonly lock: DatabaseSync;

  /** Opens (or creates) `<stateDir>/functions-host.sqlite`. Throws HostError when another host uses the folder. */
  constructor(stateDir: string) {
    mkdirSync(stateDir, { recursive: true });
    this.lock = lockFolder(stateDir);
    this.db = new DatabaseSync(join(stateDir, "functions-host.sqlite"), { timeout: 5000 });
    this.db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    this.db.exec(SCHEMA);
  }

  /** All rows of a query. */
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.prepare(sql).all(...values);
  }

  /** The first row of a query, or undefined. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.prepare(sql).get(...values);
  }

  /** Runs a statement; returns the number of rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.prepare(sql).run(...values).changes);
  }

  /** Runs `work` in one transaction; nested calls join the outer one. `work` must not be asynchronous. */
  tx<T>(work: () => T): T {
    if (this.depth > 0) return work();
    this.db.exec("BEGIN IMMEDIATE");
    this.depth++;
    try {
      const result = work();
      this.db.exec("COMMIT");
      return result;
    } catch (error) {
      this.db.exec("ROLLBACK");
      throw error;
    } finally {
      this.depth--;
    }
  }

  /** Closes the file. */
  close(): void {
    this.statements.clear();
    this.db.close();
    this.lock.close();
  }

  private prepare(sql: string): StatementSync {
    let statement = this.statements.get(sql);
    if (!statement) this.statements.set(sql, (statement = this.db.prepare(sql)));
    return statement;
  }
}

/** An open exclusive transaction: the system ends it with the process, however that dies. */
function lockFolder(stateDir: string): DatabaseSync {
  const lock = new DatabaseSync(join(stateDir, "functions-host.lock"), { timeout: 2000 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (error instanceof Error && error.message.includes("locked"))
      throw new HostError(`--state ${stateDir} is in use by another functions host`);
    throw error;
  }
}
