import type { Kernel } from "../kernel/kernel";
import { isActive, isSound, listed, OUTCOMES, view, type ModelRun, type Outcome, type RunFate } from "./model-run";

/** An answer of the REST API. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What a notebook does when its run ends well: changes the tables and gives the exit value. `null` = it raised. */
export type Notebook = (run: ModelRun) => { readonly exit: string } | { readonly error: string };

/** Who watches the workspace. */
export interface JobsWatcher {
  /** A run was started; `repeat` = its token was used before and no run began. */
  started(run: ModelRun, repeat: boolean): void;
  cancelled(run: ModelRun): void;
  ended(run: ModelRun): void;
}

interface Job {
  readonly id: number;
  readonly name: string;
}

const refused = (status: number, error_code: string, message: string): Answer => ({
  status,
  body: { error_code, message },
});
const PAGE = 24;

/** The jobs of one workspace: tokens, states, queues, lagging reads. Every method is one undivided moment. */
export class JobsModel {
  readonly runs = new Map<number, ModelRun>();
  private readonly tokens = new Map<string, number>();
  private readonly jobs: Job[] = [];
  private readonly byTask = new Map<number, ModelRun>();
  private nextId = 1000;
  /** Whether `runs/list` leaves out job parameters at present. */
  listsParameters = true;

  constructor(
    private readonly kernel: Kernel,
    private readonly fateOf: (jobName: string, parameters: Readonly<Record<string, string>>) => RunFate,
    private readonly notebook: Notebook,
    private readonly watcher: JobsWatcher,
  ) {}

  /** Adds a job, unless there is one of this name, and gives its id. */
  addJob(name: string): number {
    const known = this.jobs.find((job) => job.name === name);
    if (known) return known.id;
    this.jobs.push({ id: (this.nextId += 1), name });
    return this.nextId;
  }

  /** Answers one call of the Jobs API. */
  handle(method: string, url: URL, body: Readonly<Record<string, unknown>>): Answer {
    const route = `${method} ${url.pathname.replace(/^\/api\/2\.\d\/jobs\//, "")}`;
    const query = (name: string): string => url.searchParams.get(name) ?? "";
    switch (route) {
      case "GET list":
        return this.listJobs(query("name"));
      case "POST run-now":
        return this.runNow(body);
      case "GET runs/get":
        return this.get(Number(query("run_id")));
      case "GET runs/get-output":
        return this.output(Number(query("run_id")));
      case "POST runs/cancel":
        return this.cancel(Number(body["run_id"]));
      case "POST runs/delete":
        return this.deleteEnded(Number(body["run_id"]));
      case "GET runs/list":
        return this.list(url.searchParams);
      default:
        return refused(404, "ENDPOINT_NOT_FOUND", `No API found for '${method} ${url.pathname}'`);
    }
  }

  private listJobs(name: string): Answer {
    const jobs = this.jobs.filter((job) => name === "" || job.name.toLowerCase() === name.toLowerCase());
    return { status: 200, body: { jobs: jobs.map((job) => ({ job_id: job.id, settings: { name: job.name } })) } };
  }

  private runNow(body: Readonly<Record<string, unknown>>): Answer {
    const job = this.jobs.find(({ id }) => id === Number(body["job_id"]));
    if (!job) return refused(400, "INVALID_PARAMETER_VALUE", `Job ${String(body["job_id"])} does not exist.`);
    const token = typeof body["idempotency_token"] === "string" ? body["idempotency_token"] : null;
    const known = token === null ? undefined : this.runs.get(this.tokens.get(token) ?? -1);
    if (known?.deleted) return refused(400, "INVALID_PARAMETER_VALUE", `Run ${known.runId} of this token was deleted.`);
    if (known) {
      this.watcher.started(known, true);
      return { status: 200, body: { run_id: known.runId } };
    }
    const run = this.start(job, body["job_parameters"] as Readonly<Record<string, string>>, token, false);
    return { status: 200, body: { run_id: run.runId } };
  }

  /** Starts a run; `foreign` ones are of somebody else. */
  begin(jobName: string, parameters: Readonly<Record<string, string>>): ModelRun {
    const job = this.jobs.find(({ name }) => name === jobName);
    if (!job) throw new Error(`no job ${jobName}`);
    return this.start(job, parameters, null, true);
  }

  private start(
    job: Job,
    parameters: Readonly<Record<string, string>>,
    token: string | null,
    foreign: boolean,
  ): ModelRun {
    const fate = this.fateOf(job.name, parameters);
    const [runId, taskRunId] = [(this.nextId += 1), (this.nextId += 1)];
    const began = { createdAt: this.kernel.now, startedAt: 0, endedAt: 0, phase: "QUEUED" as const };
    const ending = {
      outcome: null,
      exit: null,
      truncated: false,
      sound: false,
      deleted: false,
      repaired: false,
      wasSound: false,
      foreign,
    };
    const run: ModelRun = {
      runId,
      taskRunId,
      jobId: job.id,
      jobName: job.name,
      parameters,
      token,
      fate,
      ...began,
      ...ending,
    };
    this.runs.set(runId, run);
    this.byTask.set(taskRunId, run);
    if (token !== null) this.tokens.set(token, runId);
    this.kernel.trace.add(
      "Databricks",
      `run ${runId} of ${job.name} begins`,
      `${parameters["run_id"] ?? ""} to end as ${fate.ending}`,
      "event",
    );
    this.watcher.started(run, false);
    this.kernel.after(fate.queuedMs, () => this.execute(run));
    return run;
  }

  private execute(run: ModelRun): void {
    if (run.phase !== "QUEUED" || run.deleted) return;
    const { ending, runningMs } = run.fate;
    if (ending === "quota") {
      this.end(run, OUTCOMES.quota);
      return;
    }
    run.phase = "RUNNING";
    run.startedAt = this.kernel.now;
    this.kernel.after(runningMs, () => {
      if (run.phase === "RUNNING" && !run.deleted) this.finish(run);
    });
  }

  private finish(run: ModelRun): void {
    const { ending } = run.fate;
    if (ending === "code" || ending === "platform" || ending === "skipped" || ending === "unknownCode") {
      this.end(run, OUTCOMES[ending]);
      return;
    }
    const result = this.notebook(run);
    if ("error" in result) {
      this.end(run, { ...OUTCOMES.code, message: result.error });
      return;
    }
    run.exit = spoil(result.exit, ending);
    run.truncated = ending === "exitTruncated";
    run.sound = run.exit === result.exit && !run.truncated && ending !== "successWithFailures";
    this.end(run, ending === "successWithFailures" ? OUTCOMES.successWithFailures : OUTCOMES.success);
  }

  private end(run: ModelRun, outcome: Outcome): void {
    run.phase = "ended";
    run.outcome = outcome;
    run.endedAt = this.kernel.now;
    this.kernel.trace.add("Databricks", `run ${run.runId} of ${run.jobName} ends`, outcome.code, "event");
    this.watcher.ended(run);
  }

  private get(runId: number): Answer {
    const run = this.visible(runId);
    return run ? { status: 200, body: view(run, this.kernel.now) } : absent(runId);
  }

  private output(taskRunId: number): Answer {
    const run = this.byTask.get(taskRunId);
    const isWhole = this.runs.get(taskRunId)?.deleted === false;
    if (isWhole) return refused(400, "INVALID_PARAMETER_VALUE", `Run ${taskRunId} is of a job: name the task's run.`);
    if (!run || run.deleted) return absent(taskRunId);
    if (run.phase !== "ended") return refused(400, "INVALID_STATE", `Run ${taskRunId} is not finished.`);
    if (this.kernel.now < run.endedAt + run.fate.outputLagMs)
      return refused(400, "INVALID_STATE", `The output of run ${taskRunId} is not available yet.`);
    const output = run.exit === null ? {} : { result: run.exit, truncated: run.truncated };
    const error = run.outcome?.result === "FAILED" ? { error: `ValueError: ${run.outcome.message}` } : {};
    return { status: 200, body: { metadata: { run_id: taskRunId }, notebook_output: output, ...error } };
  }

  private cancel(runId: number): Answer {
    const run = this.visible(runId);
    if (!run) return absent(runId);
    this.watcher.cancelled(run);
    this.stop(run);
    return { status: 200, body: {} };
  }

  /** Ends a run some time after it was asked to end, as the workspace does. */
  stop(run: ModelRun): void {
    if (run.phase !== "QUEUED" && run.phase !== "RUNNING") return;
    run.phase = "TERMINATING";
    this.kernel.after(this.kernel.latency.skewed(500, 90_000), () => {
      if (run.phase === "TERMINATING" && !run.deleted) this.end(run, OUTCOMES.cancelled);
    });
  }

  private deleteEnded(runId: number): Answer {
    const run = this.visible(runId);
    if (!run) return absent(runId);
    if (run.phase !== "ended") return refused(400, "INVALID_STATE", `Run ${runId} is active.`);
    this.delete(run);
    return { status: 200, body: {} };
  }

  /** A person deletes an ended run in the workspace. */
  delete(run: ModelRun): void {
    run.deleted = true;
    this.kernel.trace.add("people", `delete run ${run.runId} in the workspace`, "", "event");
  }

  /** A person repairs a failed run in the workspace: it is active again, under the same id. */
  repair(run: ModelRun): void {
    if (run.phase !== "ended" || run.deleted) return;
    const fate = { ...run.fate, ending: "success", oddWord: null } as const;
    const before = { repaired: true, wasSound: isSound(run) };
    Object.assign(run, { ...before, phase: "RUNNING", outcome: null, startedAt: this.kernel.now, fate });
    this.kernel.trace.add("people", `repair run ${run.runId} in the workspace`, "", "event");
    this.kernel.after(run.fate.runningMs, () => {
      if (run.phase === "RUNNING" && !run.deleted) this.finish(run);
    });
  }

  private list(query: URLSearchParams): Answer {
    const [job, active, from] = [
      Number(query.get("job_id")),
      query.get("active_only"),
      Number(query.get("start_time_from") ?? 0),
    ];
    const completed = query.get("completed_only") === "true";
    const matches = [...this.runs.values()].reverse().filter((run) => {
      if (run.deleted || run.jobId !== job || this.kernel.now < run.createdAt + run.fate.listLagMs) return false;
      const isLive = isActive(run);
      return (active !== "true" || isLive) && (!completed || !isLive) && (run.startedAt || run.createdAt) >= from;
    });
    const at = Number(query.get("page_token") ?? 0);
    const page = matches.slice(at, at + PAGE).map((run) => listed(run, this.kernel.now, this.listsParameters));
    const next = at + PAGE < matches.length ? { next_page_token: String(at + PAGE) } : {};
    return { status: 200, body: { ...(page.length > 0 ? { runs: page } : {}), ...next } };
  }

  /** The run, unless it is deleted or too young for a read that lags. */
  private visible(runId: number): ModelRun | null {
    const run = this.runs.get(runId);
    return !run || run.deleted || this.kernel.now < run.createdAt + run.fate.getLagMs ? null : run;
  }
}

const absent = (runId: number): Answer => refused(404, "RESOURCE_DOES_NOT_EXIST", `Run ${runId} does not exist.`);

function spoil(exit: string, ending: RunFate["ending"]): string | null {
  if (ending === "noExit") return null;
  if (ending === "exitNotJson") return "done";
  if (ending === "exitOfAnotherRun")
    return exit.replace(/"runId":"[^"]*"/, '"runId":"another-20260101t000000-00000000"');
  if (ending === "countsDisagree")
    return exit.replace(/"filesRead":(\d+)/, (_text, count) => `"filesRead":${Number(count) + 1}`);
  return exit;
}
