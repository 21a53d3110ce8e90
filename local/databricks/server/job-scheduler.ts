import { Alarms } from "./alarms";
import { MIN_DISTANCE_MS, nextStart, triggerOf } from "./job-triggers";
import type { JobStore } from "./job-store";
import type { JobRecord, RunRecord, RunTrigger } from "./records";

/** Between two runs of a continuous job; after failures in a row it doubles up to the second value. */
const CONTINUOUS_DELAY_MS = 1_000;
const MAX_CONTINUOUS_DELAY_MS = 300_000;

/** What the scheduler starts runs with. */
export interface SchedulerParts {
  readonly jobs: JobStore;
  readonly start: (job: JobRecord, trigger: RunTrigger) => RunRecord;
  readonly isOpen: (jobId: number) => boolean;
  readonly log: (line: string) => void;
}

/** Starts runs of jobs that have a schedule, a periodic trigger or are continuous. What was missed while the server was down is not made up. */
export class JobScheduler {
  private readonly alarms = new Alarms();
  private readonly failures = new Map<number, number>();
  private stopped = false;

  constructor(private readonly parts: SchedulerParts) {}

  /** Plans the next start of every job. */
  start(): void {
    for (const jobId of this.parts.jobs.listedIds()) this.plan(jobId);
  }

  stop(): void {
    this.stopped = true;
    this.alarms.clearAll();
  }

  /** Plans the next start of a job that is new, was changed or was deleted. */
  plan(jobId: number, after = Date.now()): void {
    this.alarms.clear(jobId);
    const job = this.parts.jobs.find(jobId);
    if (!job || this.stopped) return;
    if (triggerOf(job)?.type === "CONTINUOUS") return this.planContinuous(jobId);
    const due = nextStart(job, after);
    if (due !== undefined) this.alarms.set(jobId, due, () => this.fire(jobId, due));
  }

  /** Lets a continuous job go on. */
  runEnded(run: RunRecord): void {
    if (run.runType !== "JOB_RUN") return;
    const failures = run.outcome?.result === "SUCCESS" ? 0 : (this.failures.get(run.jobId) ?? 0) + 1;
    this.failures.set(run.jobId, failures);
    const job = this.parts.jobs.find(run.jobId);
    if (job && triggerOf(job)?.type === "CONTINUOUS") this.planContinuous(run.jobId);
  }

  private planContinuous(jobId: number): void {
    const failures = this.failures.get(jobId) ?? 0;
    const delayMs = Math.min(CONTINUOUS_DELAY_MS * 2 ** failures, MAX_CONTINUOUS_DELAY_MS);
    this.alarms.set(jobId, Date.now() + delayMs, () => {
      if (!this.parts.isOpen(jobId)) this.startRun(jobId, "CONTINUOUS");
    });
  }

  private fire(jobId: number, due: number): void {
    this.startRun(jobId, "PERIODIC");
    this.plan(jobId, Math.max(due, Date.now()) + MIN_DISTANCE_MS - 1);
  }

  private startRun(jobId: number, trigger: RunTrigger): void {
    const { jobs, start, log } = this.parts;
    try {
      const job = jobs.get(jobId);
      const run = start(job, trigger);
      log(`job ${jobId} "${job.settings.name}": ${trigger.toLowerCase()} run ${run.runId}`);
    } catch (error) {
      log(`job ${jobId}: its ${trigger.toLowerCase()} run could not be started: ${String(error)}`);
    }
  }
}
