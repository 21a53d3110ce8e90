import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jobs(job_id INTEGER PRIMARY KEY, name TEXT NOT NULL, bundle_key TEXT UNIQUE, listed INTEGER NOT NULL,
  created_time INTEGER NOT NULL, settings TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS jobs_by_name ON jobs(name COLLATE NOCASE);
CREATE TABLE IF NOT EXISTS runs(run_id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, done INTEGER NOT NULL, run_type TEXT NOT NULL,
  start_time INTEGER NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS runs_by_job ON runs(job_id, run_id);
CREATE INDEX IF NOT EXISTS runs_by_state ON runs(done, run_id);
CREATE TABLE IF NOT EXISTS task_runs(run_id INTEGER PRIMARY KEY, job_run_id INTEGER NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS task_runs_by_run ON task_runs(job_run_id, run_id);
CREATE TABLE IF NOT EXISTS idempotency_tokens(token TEXT PRIMARY KEY, run_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS access_tokens(hash TEXT PRIMARY KEY, expires_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS secret_scopes(scope TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS secrets(scope TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY(scope, key));
CREATE TABLE IF NOT EXISTS task_values(job_run_id INTEGER NOT NULL, task_key TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY(job_run_id, task_key, key));
CREATE TABLE IF NOT EXISTS permissions(object TEXT PRIMARY KEY, entries TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS destinations(id TEXT PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS processes(pid INTEGER PRIMARY KEY, started TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS volume_files(path TEXT PRIMARY KEY, marker TEXT NOT NULL);
`;

/**
 * Opens the state database of a server and holds it exclusively.
 *
 * Committed rows survive `kill -9`. Throws when another server uses the folder.
 */
export function openDatabase(stateDir: string): DatabaseSync {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const file = join(stateDir, "databricks.sqlite");
  const database = new DatabaseSync(file);
  try {
    database.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000;",
    );
    database.exec(`BEGIN IMMEDIATE;${SCHEMA}COMMIT;`);
  } catch (cause) {
    database.close();
    throw new Error(`state folder ${stateDir} cannot be opened; is another local Databricks using it?`, { cause });
  }
  chmodSync(file, 0o600);
  return database;
}

/** Runs `work` in one transaction: all of it is stored, or none. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const value = work();
    database.exec("COMMIT");
    return value;
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

/** Reads a value that the server keeps for itself. */
export function readMeta(database: DatabaseSync, key: string): string | undefined {
  const row = database.prepare("SELECT value FROM meta WHERE key = ?").get(key);
  return row === undefined ? undefined : String(row["value"]);
}

/** Keeps a value for the server itself. */
export function writeMeta(database: DatabaseSync, key: string, value: string): void {
  database
    .prepare("INSERT INTO meta(key, value) VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value")
    .run(key, value);
}

/** Hands out rising ids of about 15 digits, below 2^53, as the cloud's are; never one twice. */
export function nextId(database: DatabaseSync): number {
  const last = Number(readMeta(database, "lastId") ?? 400_000_000_000_000);
  const id = last + 1 + Math.floor(Math.random() * 10_000);
  writeMeta(database, "lastId", String(id));
  return id;
}
