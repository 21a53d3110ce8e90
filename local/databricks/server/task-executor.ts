import { join, resolve } from "node:path";
import type { Cluster, NotebookOutcome, NotebookRequest } from "../cluster";
import { workspacePath } from "./notebook-source";
import {
  driverError,
  invalidCluster,
  notebookMissing,
  stopped,
  storageError,
  SUCCESS,
  WORKLOAD_FAILED,
} from "./outcomes";
import { taskParameters, type ReferenceContext } from "./parameters";
import { clusterOf, type RunRecord, type TaskRunRecord } from "./records";
import type { TaskExecutor, TaskResult } from "./run-engine";
import type { RunStore } from "./run-store";
import { UnknownSecretError } from "./secret-references";
import { StorageAccessError, type Batch, type VolumeSync } from "./volume-sync";
import type { WorkspaceFiles } from "./workspace-files";

const MAX_RESULT_BYTES = 5 * 1024 * 1024;

/** What tasks are run with. */
export interface ExecutorDependencies {
  readonly store: RunStore;
  readonly cluster: Cluster;
  readonly workspace: WorkspaceFiles;
  readonly volumes: VolumeSync | undefined;
  readonly stateDir: string;
  readonly taskValue: (jobRunId: number, taskKey: string, key: string) => string | undefined;
  /** Replaces a reference to a secret by its value. */
  readonly resolveSecret: (text: string) => string;
  readonly url: () => string;
  readonly log: (line: string) => void;
}

/** Where stdout and stderr of a task run lie. */
export function outputFolder(stateDir: string, taskRunId: number): string {
  return join(stateDir, "runs", String(taskRunId));
}

/** Where `/Volumes/…` lies on this machine; any other root is taken as it is. */
export function localVolumeRoot(stateDir: string, volumeRoot: string): string {
  return volumeRoot.startsWith("/Volumes/")
    ? join(stateDir, "volumes", volumeRoot.slice("/Volumes/".length))
    : resolve(volumeRoot);
}

function batchOf(stateDir: string, parameters: Readonly<Record<string, string>>): Batch | undefined {
  const { manifest_path: manifestPath, volume_root: volumeRoot } = parameters;
  if (!manifestPath || !volumeRoot) return undefined;
  return { manifestPath, volumeRoot: localVolumeRoot(stateDir, volumeRoot) };
}

/** Cuts the exit value to the first 5 MB, as the cloud does, without splitting a character. */
function boundResult(result: string, truncated: boolean): { result: string; truncated: boolean } {
  const bytes = Buffer.from(result);
  if (bytes.length <= MAX_RESULT_BYTES) return { result, truncated };
  return {
    result: bytes
      .subarray(0, MAX_RESULT_BYTES)
      .toString("utf8")
      .replace(/\uFFFD$/, ""),
    truncated: true,
  };
}

function toResult(task: TaskRunRecord, ended: NotebookOutcome): TaskResult {
  const errors = {
    ...(ended.error === undefined ? {} : { error: ended.error }),
    ...(ended.errorTrace === undefined ? {} : { errorTrace: ended.errorTrace }),
  };
  switch (ended.outcome) {
    case "success":
      return {
        outcome: SUCCESS,
        ...(ended.result === undefined ? {} : boundResult(ended.result, ended.truncated ?? false)),
      };
    case "failed":
      return { outcome: WORKLOAD_FAILED, ...errors };
    case "cancelled":
      return { outcome: stopped(task.stopReason ?? "user", "Task") };
    case "driver-error":
      // It was to be ended anyway; how it died is then no fault of the platform.
      if (task.stopReason) return { outcome: stopped(task.stopReason, "Task") };
      return { outcome: driverError(`The driver was lost: ${ended.error ?? "no reason given"}`), ...errors };
  }
}

/** Makes the executor: volume files in, notebook, volume files out. */
export function createTaskExecutor(dependencies: ExecutorDependencies): TaskExecutor {
  const { store, cluster, workspace, volumes, stateDir } = dependencies;

  function context(run: RunRecord, task: TaskRunRecord): ReferenceContext {
    const settings = run.settings.tasks.find((item) => item.task_key === task.taskKey);
    if (!settings) throw new Error(`run ${run.runId} has no task ${task.taskKey}`);
    const resultState = (taskKey: string): string | undefined =>
      store
        .tasks(run.runId)
        .findLast((item) => item.taskKey === taskKey)
        ?.outcome?.result?.toLowerCase();
    const taskValue = (taskKey: string, key: string): string | undefined =>
      dependencies.taskValue(run.runId, taskKey, key);
    return { run, task, settings, resultState, taskValue, workspaceUrl: dependencies.url() };
  }

  function warn(task: TaskRunRecord, message: string): void {
    const stored = store.findTask(task.runId) ?? task;
    stored.warnings = [...(stored.warnings ?? []), message];
    store.saveTask(stored);
    dependencies.log(`task run ${task.runId}: ${message}`);
  }

  /** What the task's settings ask of its cluster. */
  function clusterSettings({
    run,
    settings,
  }: ReferenceContext): Pick<NotebookRequest, "sparkConf" | "env" | "libraries"> {
    const spec = clusterOf(run.settings, settings);
    const resolve = (values: Readonly<Record<string, string>> = {}): Record<string, string> =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, dependencies.resolveSecret(value)]));
    return {
      sparkConf: resolve(spec.spark_conf),
      env: resolve(spec.spark_env_vars),
      libraries: settings.libraries ?? [],
    };
  }

  async function notebook(
    where: ReferenceContext,
    path: string,
    signal: AbortSignal,
    onStarted: (setupMs: number) => void,
  ): Promise<TaskResult> {
    const { task, settings } = where;
    const runId = String(task.runId);
    const began = Date.now();
    const request = {
      runId,
      notebookPath: path,
      workspacePath: workspacePath(settings.notebook_task.notebook_path),
      parameters: task.parameters ?? {},
      ...clusterSettings(where),
      outputDir: outputFolder(stateDir, task.runId),
    };
    const ended = cluster.run(request, {
      onStarted: () => onStarted(Date.now() - task.startTime || Date.now() - began),
      onWarning: (message) => warn(task, message),
    });
    const cancel = (): void => cluster.cancel(runId);
    signal.addEventListener("abort", cancel, { once: true });
    const outcome = await ended;
    signal.removeEventListener("abort", cancel);
    return toResult(store.findTask(task.runId) ?? task, outcome);
  }

  return async (run, task, { signal, onStarted }) => {
    const where = context(run, task);
    const path = workspace.findNotebook(where.settings.notebook_task.notebook_path);
    if (path === undefined) return { outcome: notebookMissing(where.settings.notebook_task.notebook_path) };
    task.parameters = taskParameters(where);
    store.saveTask(task);
    const batch = batchOf(stateDir, task.parameters);
    try {
      if (volumes && batch) await volumes.materialise(batch, signal);
      signal.throwIfAborted();
      const result = await notebook(where, path, signal, onStarted);
      // A cancelled or lost notebook hands on nothing: its next run writes the files anew.
      const ended = result.outcome === SUCCESS || result.outcome === WORKLOAD_FAILED;
      if (volumes && batch && ended) await volumes.publish(batch, signal);
      return result;
    } catch (error) {
      if (signal.aborted) return { outcome: stopped(store.findTask(task.runId)?.stopReason ?? "user", "Task") };
      if (error instanceof UnknownSecretError) return { outcome: invalidCluster(error.message) };
      if (error instanceof StorageAccessError)
        return { outcome: storageError(`Storage could not be accessed: ${error.message}.`) };
      throw error;
    }
  };
}
