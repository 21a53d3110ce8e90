import type { RunRecord } from "./records";

interface JobRuns {
  readonly active: Set<number>;
  /** Oldest first. */
  readonly queued: Set<number>;
}

/** Which open runs of a job are active and which are queued, so that nobody has to look through all open runs. */
export class JobAdmission {
  private readonly jobs = new Map<number, JobRuns>();

  /** Takes an open run in, as its record says. */
  add(run: RunRecord): void {
    const runs = this.jobs.get(run.jobId) ?? { active: new Set(), queued: new Set() };
    this.jobs.set(run.jobId, runs);
    (run.phase === "queued" ? runs.queued : runs.active).add(run.runId);
  }

  /** Forgets a run that has ended. */
  remove(run: RunRecord): void {
    const runs = this.jobs.get(run.jobId);
    runs?.active.delete(run.runId);
    runs?.queued.delete(run.runId);
    if (runs?.active.size === 0 && runs.queued.size === 0) this.jobs.delete(run.jobId);
  }

  /** Makes a queued run active. */
  admit(run: RunRecord): void {
    this.remove(run);
    this.add({ ...run, phase: "active" });
  }

  countActive(jobId: number): number {
    return this.jobs.get(jobId)?.active.size ?? 0;
  }

  /** Whether a run of the job is queued or active. */
  isOpen(jobId: number): boolean {
    return this.jobs.has(jobId);
  }

  /** The queued run of a job that is next. */
  next(jobId: number): number | undefined {
    return this.jobs.get(jobId)?.queued.values().next().value;
  }
}
