import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { unknownJob } from "./api-error";
import { nextId, transaction } from "./database";
import { makePage, type Cursor, type Page } from "./paging";
import type { JobRecord, JobSettings } from "./records";

function toJob(row: Record<string, SQLOutputValue>): JobRecord {
  return {
    jobId: Number(row["job_id"]),
    createdTime: Number(row["created_time"]),
    settings: JSON.parse(String(row["settings"])) as JobSettings,
  };
}

/** Jobs in SQLite. */
export class JobStore {
  private changed: (jobId: number) => void = () => undefined;

  constructor(private readonly database: DatabaseSync) {}

  /** Has `listener` told of every listed job that is created, changed or deleted. */
  onChange(listener: (jobId: number) => void): void {
    this.changed = listener;
  }

  /** Adds a job; `listed` is false for the job behind a submitted run. */
  create(settings: JobSettings, options: { listed: boolean; bundleKey?: string } = { listed: true }): JobRecord {
    const created = transaction(this.database, () => {
      const job = { jobId: nextId(this.database), createdTime: Date.now(), settings };
      this.database
        .prepare("INSERT INTO jobs(job_id, name, bundle_key, listed, created_time, settings) VALUES (?, ?, ?, ?, ?, ?)")
        .run(
          job.jobId,
          settings.name,
          options.bundleKey ?? null,
          options.listed ? 1 : 0,
          job.createdTime,
          JSON.stringify(settings),
        );
      return job;
    });
    if (options.listed) this.changed(created.jobId);
    return created;
  }

  find(jobId: number): JobRecord | undefined {
    const row = this.database.prepare("SELECT * FROM jobs WHERE job_id = ?").get(jobId);
    return row && toJob(row);
  }

  /** Throws 400 "Job N does not exist." when it does not. */
  get(jobId: number): JobRecord {
    const job = this.find(jobId);
    if (!job) throw unknownJob(jobId);
    return job;
  }

  listedIds(): number[] {
    return this.database
      .prepare("SELECT job_id FROM jobs WHERE listed = 1")
      .all()
      .map((row) => Number(row["job_id"]));
  }

  replace(jobId: number, settings: JobSettings): void {
    this.get(jobId);
    this.database
      .prepare("UPDATE jobs SET settings = ?, name = ? WHERE job_id = ?")
      .run(JSON.stringify(settings), settings.name, jobId);
    this.changed(jobId);
  }

  delete(jobId: number): void {
    this.get(jobId);
    this.database.prepare("DELETE FROM jobs WHERE job_id = ?").run(jobId);
    this.changed(jobId);
  }

  /** Newest first; `name` matches exactly but for case. */
  list(cursor: Cursor, limit: number, name?: string): Page<JobRecord> {
    const fetch = (at: Cursor, count: number): JobRecord[] =>
      this.database
        .prepare(
          `SELECT * FROM jobs WHERE listed = 1 AND (?1 IS NULL OR name = ?1 COLLATE NOCASE) AND job_id < ?2 AND job_id > ?3
           ORDER BY job_id ${at.after === undefined ? "DESC" : "ASC"} LIMIT ?4 OFFSET ?5`,
        )
        .all(name ?? null, at.before ?? Number.MAX_SAFE_INTEGER, at.after ?? 0, count, at.offset)
        .map(toJob);
    return makePage(cursor, limit, (job) => job.jobId, fetch);
  }

  /** Makes the jobs of a bundle equal to `wanted` (resource key to settings): creates, updates and deletes, keeping job ids. Returns them. */
  syncBundle(wanted: ReadonlyMap<string, JobSettings>): JobRecord[] {
    const rows = this.database.prepare("SELECT job_id, bundle_key FROM jobs WHERE bundle_key IS NOT NULL").all();
    const known = new Map(rows.map((row) => [String(row["bundle_key"]), Number(row["job_id"])]));
    for (const [bundleKey, jobId] of known) if (!wanted.has(bundleKey)) this.delete(jobId);
    return [...wanted].map(([bundleKey, settings]) => {
      const jobId = known.get(bundleKey);
      if (jobId === undefined) return this.create(settings, { listed: true, bundleKey });
      this.replace(jobId, settings);
      return this.get(jobId);
    });
  }
}
