import type { DatabaseSync } from "node:sqlite";
import { dirname, resolve } from "node:path";
import { ApiError, invalidParameter, notFound, unknownRun } from "./api-error";
import { parseFaultRules, type FaultSwitch } from "./faults";
import { stringMap } from "./params";
import type { ApiRequest, Route } from "./router";
import type { RunsService } from "./runs-service";
import { workspacePath } from "./notebook-source";
import type { WorkspaceFiles } from "./workspace-files";

const MAX_TASK_VALUE_BYTES = 48 * 1024;

/** Task values of a job run, as JSON texts. */
export class TaskValues {
  constructor(private readonly database: DatabaseSync) {}

  set(jobRunId: number, taskKey: string, key: string, value: string): void {
    this.database
      .prepare("INSERT OR REPLACE INTO task_values(job_run_id, task_key, key, value) VALUES (?, ?, ?, ?)")
      .run(jobRunId, taskKey, key, value);
  }

  get(jobRunId: number, taskKey: string, key: string): string | undefined {
    const row = this.database
      .prepare("SELECT value FROM task_values WHERE job_run_id = ? AND task_key = ? AND key = ?")
      .get(jobRunId, taskKey, key);
    return row === undefined ? undefined : String(row["value"]);
  }

  /** A value as `{{tasks.<key>.values.<name>}}` shows it: a string as it is, anything else as JSON. */
  getText(jobRunId: number, taskKey: string, key: string): string | undefined {
    const json = this.get(jobRunId, taskKey, key);
    const value: unknown = json === undefined ? undefined : JSON.parse(json);
    return typeof value === "string" ? value : json;
  }
}

/** What notebooks call back for, and the fault switch. */
export function internalRoutes(parts: {
  readonly service: RunsService;
  readonly values: TaskValues;
  readonly workspace: WorkspaceFiles;
  readonly faults: FaultSwitch;
}): Route[] {
  const { service, values, workspace, faults } = parts;

  function absolutePath(path: string, parentRunId: number): string {
    if (path.startsWith("/")) return path;
    const { run, task } = service.locate(parentRunId);
    const parent =
      run.settings.tasks.find((item) => item.task_key === task?.taskKey)?.notebook_task.notebook_path ?? "/";
    return resolve(dirname(workspace.findNotebook(parent) ?? parent), path);
  }

  /** Answers when the child has ended. A parent that went away takes its child with it. */
  async function notebookRun({ params, stream }: ApiRequest): Promise<unknown> {
    const path = absolutePath(params.requiredString("path"), params.requiredInteger("parentRunId"));
    const child = service.startWorkflow(
      workspace.pathOf(path),
      params.integer("timeoutSeconds") ?? 0,
      stringMap(params.values["arguments"], "arguments"),
    );
    const cancel = (): void => service.cancel(child.runId);
    stream.socket.once("close", cancel);
    await service.engine.untilDone(child.runId);
    stream.socket.off("close", cancel);
    const { run, tasks } = service.locate(child.runId);
    const [task] = tasks;
    if (run.outcome?.result === "SUCCESS") return { result: task?.result ?? null, runId: child.runId };
    const reason = run.outcome?.result === "TIMEDOUT" ? "timed out" : (run.outcome?.result ?? "SKIPPED");
    const message = `Notebook ${path} ended with ${reason}. ${task?.error ?? ""} Workload failed, see run output for details`;
    throw new ApiError(400, "WORKFLOW_FAILED", message.replaceAll("  ", " "));
  }

  function taskOf(request: ApiRequest): { jobRunId: number; taskKey: string } {
    const runId = request.params.requiredInteger("runId");
    const { task } = service.locate(runId);
    if (!task) throw unknownRun(runId);
    return task;
  }

  function setValue(request: ApiRequest): unknown {
    const { jobRunId, taskKey } = taskOf(request);
    const text = JSON.stringify(request.params.values["value"] ?? null);
    if (Buffer.byteLength(text) > MAX_TASK_VALUE_BYTES)
      throw invalidParameter(`A task value has at most ${MAX_TASK_VALUE_BYTES} bytes of JSON.`);
    values.set(jobRunId, taskKey, request.params.requiredString("key"), text);
    return {};
  }

  function getValue(request: ApiRequest): unknown {
    const { jobRunId } = taskOf(request);
    const [taskKey, key] = [request.params.requiredString("taskKey"), request.params.requiredString("key")];
    const text = values.get(jobRunId, taskKey, key);
    if (text === undefined) throw notFound(`Task ${taskKey} has set no value ${key}.`);
    return { value: JSON.parse(text) as unknown };
  }

  function addFaults({ params }: ApiRequest): unknown {
    faults.add(parseFaultRules(params.values));
    return { rules: faults.list() };
  }

  function clearFaults(): unknown {
    faults.clear();
    return { rules: [] };
  }

  function notebook({ params }: ApiRequest): unknown {
    const path = params.requiredString("path");
    const found = workspace.findNotebook(path);
    if (found === undefined) throw notFound(`Path (${path}) doesn't exist.`);
    return { notebookPath: found, workspacePath: workspacePath(workspace.pathOf(found)) };
  }

  return [
    { method: "GET", pattern: "/internal/notebook", handler: notebook },
    { method: "POST", pattern: "/internal/notebook-run", handler: notebookRun },
    { method: "POST", pattern: "/internal/task-values", handler: setValue },
    { method: "GET", pattern: "/internal/task-values", handler: getValue },
    { method: "GET", pattern: "/internal/faults", handler: () => ({ rules: faults.list() }) },
    { method: "POST", pattern: "/internal/faults", handler: addFaults },
    { method: "DELETE", pattern: "/internal/faults", handler: clearFaults },
  ];
}
