import { ApiError, invalidParameter, unknownRun } from "./api-error";
import type { JobStore } from "./job-store";
import { normaliseSettings } from "./job-settings";
import { without, type JsonObject, type Params } from "./params";
import type { JobRecord, RunRecord, RunTrigger, TaskRunRecord } from "./records";
import type { RunEngine } from "./run-engine";
import { newRun, readQueue, readRunParameters, type RunRequest } from "./run-factory";
import type { RunStore } from "./run-store";

const MAX_TOKEN_LENGTH = 64;

/** A token's run, made on first sight. The id is that of the old run when the token is known, whatever became of it. */
function onceByToken(store: RunStore, token: string | undefined, start: () => RunRecord): RunRecord {
  if (token === undefined) return start();
  if (token.length > MAX_TOKEN_LENGTH)
    throw invalidParameter(`idempotency_token exceeds ${MAX_TOKEN_LENGTH} characters.`);
  const known = store.runOfToken(token);
  if (known === undefined) return start();
  const run = store.find(known);
  if (!run) throw invalidParameter(`The run of this idempotency_token, ${known}, has been deleted.`);
  return run;
}

/** The tasks of a submitted run; Airflow's notebook operator sends one at the top level, in the shape of API 2.0. */
function submittedTasks(values: JsonObject, runName: string): JsonObject {
  const {
    tasks,
    notebook_task: notebook,
    new_cluster: cluster,
    existing_cluster_id: existing,
    libraries,
    ...rest
  } = values;
  if (tasks !== undefined || notebook === undefined) return values;
  const task = {
    task_key: runName,
    notebook_task: notebook,
    ...(cluster ? { new_cluster: cluster } : {}),
    ...(existing ? { existing_cluster_id: existing } : {}),
  };
  return { ...rest, tasks: [{ ...task, ...(libraries ? { libraries } : {}) }] };
}

const NOTHING_GIVEN = { jobParameters: {}, notebookParams: {}, only: [], queue: undefined };

function jobRun(job: JobRecord): Pick<RunRequest, "runType" | "runName"> {
  return { runType: "JOB_RUN", runName: job.settings.name };
}

/** Starts and finds runs. */
export class RunsService {
  constructor(
    readonly store: RunStore,
    readonly jobs: JobStore,
    readonly engine: RunEngine,
  ) {}

  /** Starts a run of a job, or finds the one its token started. */
  runNow(params: Params): RunRecord {
    const token = params.string("idempotency_token");
    return onceByToken(this.store, token, () => {
      const job = this.jobs.get(params.requiredInteger("job_id"));
      const request = { ...readRunParameters(params), only: params.strings("only"), queue: readQueue(params) };
      return this.start(job, { ...request, ...jobRun(job), trigger: "ONE_TIME" }, token);
    });
  }

  /** Starts a run of a job that its own schedule or trigger asks for. */
  startTriggered(job: JobRecord, trigger: RunTrigger): RunRecord {
    return this.start(job, { ...NOTHING_GIVEN, ...jobRun(job), trigger });
  }

  /** Starts a one-time run of settings that come with the request. */
  submit(params: Params): RunRecord {
    const token = params.string("idempotency_token");
    return onceByToken(this.store, token, () => {
      const runName = params.string("run_name") ?? "Untitled";
      const values = without(params.values, "run_name", "idempotency_token");
      const settings = normaliseSettings({ ...submittedTasks(values, runName), name: runName }, true);
      return this.startUnlisted(settings, { runType: "SUBMIT_RUN", runName }, token);
    });
  }

  /** Starts a run for `dbutils.notebook.run`. */
  startWorkflow(path: string, timeoutSeconds: number, parameters: Readonly<Record<string, string>>): RunRecord {
    const task = { task_key: "notebook", notebook_task: { notebook_path: path, base_parameters: parameters } };
    const settings = normaliseSettings({ name: path, tasks: [task], timeout_seconds: timeoutSeconds }, false);
    return this.startUnlisted(settings, { runType: "WORKFLOW_RUN", runName: path });
  }

  /** The job run that `runId` names, or the one that the task run `runId` belongs to. Throws 400 for unknown ids. */
  locate(runId: number): { run: RunRecord; tasks: TaskRunRecord[]; task?: TaskRunRecord } {
    const task = this.store.findTask(runId);
    const run = task ? this.store.find(task.jobRunId) : this.store.find(runId);
    if (!run) throw unknownRun(runId);
    return { run, tasks: this.store.tasks(run.runId), ...(task ? { task } : {}) };
  }

  /** Cancels a run given by its own id or that of one of its tasks. A run that has ended stays as it is. */
  cancel(runId: number): void {
    this.engine.cancel(this.locate(runId).run.runId, "user");
  }

  /** Cancels the open runs of a job, or of the workspace; only queued ones with `queuedOnly`. */
  cancelAll(jobId: number | undefined, queuedOnly: boolean): void {
    const open = this.store
      .open()
      .filter((run) => (jobId === undefined || run.jobId === jobId) && (!queuedOnly || run.phase === "queued"));
    for (const run of open) this.engine.cancel(run.runId, "user");
  }

  /** Forgets a run that has ended. */
  delete(runId: number): void {
    if (this.store.get(runId).phase !== "done")
      throw new ApiError(400, "INVALID_STATE", `Run ${runId} is active; cancel it first.`);
    this.store.delete(runId);
  }

  private startUnlisted(
    settings: JobRecord["settings"],
    request: Pick<RunRequest, "runType" | "runName">,
    token?: string,
  ): RunRecord {
    const job = this.jobs.create(settings, { listed: false });
    return this.start(job, { ...NOTHING_GIVEN, ...request, trigger: "ONE_TIME" }, token);
  }

  private start(job: JobRecord, request: RunRequest, token?: string): RunRecord {
    const { run } = this.store.insert(() => newRun(job, request, () => this.store.newId()), token);
    this.engine.enqueue(run);
    return run;
  }
}
