import { randomUUID } from "node:crypto";
import type { Database, Row } from "../database";
import type { TraceContext } from "../worker/core-types";
import { EventType, newEvent } from "./events";
import type { FailureDetails, HistoryEvent } from "./events";
import { newPlan } from "./plan";
import type { Plan } from "./plan";

/** Status of an instance as it is stored; a suspended one keeps the status it will go on with. */
export type RuntimeStatus = "Pending" | "Running" | "Completed" | "Failed" | "Terminated" | "Canceled";
const FINISHED: readonly string[] = ["Completed", "Failed", "Terminated", "Canceled"];

/** Who waits for a sub-orchestration. */
export interface Parent {
  id: string;
  executionId: string;
  taskId: number;
}

/** One orchestration instance. Times are milliseconds; `input`, `output` and `customStatus` are JSON texts (`output` may be raw text). */
export interface Instance {
  id: string;
  name: string;
  version: string | null;
  executionId: string;
  status: RuntimeStatus;
  suspended: boolean;
  input: string | null;
  output: string | null;
  customStatus: string | null;
  createdAt: number;
  updatedAt: number;
  parent: Parent | null;
  plan: Plan;
}

/** Whether an instance has ended, so that its id may be used again. */
export function isFinished(instance: Pick<Instance, "status">): boolean {
  return FINISHED.includes(instance.status);
}

/** What a new execution begins with. */
export interface NewExecution {
  id: string;
  name: string;
  input: string | null;
  version?: string | null;
  parent?: Parent | null;
  trace?: TraceContext | undefined;
}

/** Instances, histories and queues of the orchestrations, in the host's database. */
export class DurableStore {
  constructor(readonly db: Database) {}

  instance(id: string): Instance | undefined {
    const row = this.db.get("SELECT * FROM instances WHERE id = ?", id);
    return row && toInstance(row);
  }

  /** Creates (or replaces) an instance and queues its start. */
  create(start: NewExecution): Instance {
    return this.db.tx(() => {
      this.remove(start.id);
      const now = Date.now();
      const executionId = randomUUID().replaceAll("-", "");
      const { parent } = start;
      this.db.run(
        `INSERT INTO instances (id, name, version, execution_id, status, input, created_at, updated_at, parent_id, parent_execution_id, parent_task_id, plan)
         VALUES (?, ?, ?, ?, 'Pending', ?, ?, ?, ?, ?, ?, ?)`,
        ...[start.id, start.name, start.version ?? null, executionId, start.input, now, now],
        ...[parent?.id ?? null, parent?.executionId ?? null, parent?.taskId ?? null, JSON.stringify(newPlan())],
      );
      this.send(start.id, executionId, startedEvent(start));
      const created = this.instance(start.id);
      if (!created) throw new Error(`instance ${start.id} was not stored`);
      return created;
    });
  }

  /** Deletes an instance with all that belongs to it. Returns whether it existed. */
  remove(id: string): boolean {
    return this.db.tx(() => {
      for (const table of ["history", "inbox", "activities", "timers"])
        this.db.run(`DELETE FROM ${table} WHERE instance_id = ?`, id);
      return this.db.run("DELETE FROM instances WHERE id = ?", id) > 0;
    });
  }

  save(instance: Instance): void {
    this.db.run(
      `UPDATE instances SET execution_id = ?, status = ?, suspended = ?, input = ?, output = ?, custom_status = ?, updated_at = ?, plan = ? WHERE id = ?`,
      ...[
        instance.executionId,
        instance.status,
        instance.suspended ? 1 : 0,
        instance.input,
        instance.output,
        instance.customStatus,
      ],
      ...[Date.now(), JSON.stringify(instance.plan), instance.id],
    );
  }

  /** Queues an event, if there is such an instance; with an execution id it is dropped when that execution has been replaced. */
  send(instanceId: string, executionId: string | null, event: HistoryEvent): void {
    this.db.run(
      "INSERT INTO inbox (instance_id, execution_id, event) SELECT id, ?, ? FROM instances WHERE id = ?",
      ...[executionId, JSON.stringify(event), instanceId],
    );
  }

  /** Queued events for the present execution, oldest first; those for replaced executions are deleted. */
  inbox(instance: Instance): { seq: number; event: HistoryEvent }[] {
    this.db.run(
      "DELETE FROM inbox WHERE instance_id = ? AND execution_id IS NOT NULL AND execution_id <> ?",
      instance.id,
      instance.executionId,
    );
    return this.db
      .all("SELECT seq, event FROM inbox WHERE instance_id = ? ORDER BY seq", instance.id)
      .map((row) => ({ seq: Number(row["seq"]), event: JSON.parse(String(row["event"])) as HistoryEvent }));
  }

  /** Trace of whatever started an execution; it is in the second event of its history. */
  traceOf(instanceId: string, executionId: string): TraceContext | undefined {
    const rows = this.db.all(
      "SELECT event FROM history WHERE instance_id = ? AND execution_id = ? AND seq < 3 ORDER BY seq",
      instanceId,
      executionId,
    );
    return startTrace(rows.map((row) => JSON.parse(String(row["event"])) as HistoryEvent));
  }

  /** Instances with queued events that may be processed now. */
  runnable(): Pick<Instance, "id" | "name" | "version">[] {
    const rows = this.db.all(
      `SELECT i.instance_id AS id, n.name AS name, n.version AS version FROM inbox i JOIN instances n ON n.id = i.instance_id
       WHERE n.suspended = 0 GROUP BY i.instance_id ORDER BY MIN(i.seq)`,
    );
    return rows.map((row) => ({
      id: String(row["id"]),
      name: String(row["name"]),
      version: row["version"] as string | null,
    }));
  }

  history(instance: Instance): HistoryEvent[] {
    return this.db
      .all(
        "SELECT event FROM history WHERE instance_id = ? AND execution_id = ? ORDER BY seq",
        instance.id,
        instance.executionId,
      )
      .map((row) => JSON.parse(String(row["event"])) as HistoryEvent);
  }

  appendHistory(instance: Instance, events: readonly HistoryEvent[]): void {
    const row = this.db.get(
      "SELECT MAX(seq) AS last FROM history WHERE instance_id = ? AND execution_id = ?",
      instance.id,
      instance.executionId,
    );
    let seq = row?.["last"] === null ? 0 : Number(row?.["last"]) + 1;
    for (const event of events) {
      this.db.run(
        "INSERT INTO history (instance_id, execution_id, seq, event) VALUES (?, ?, ?, ?)",
        ...[instance.id, instance.executionId, seq++, JSON.stringify({ ...event, IsPlayed: true })],
      );
    }
  }

  replaceHistory(instance: Instance, events: readonly HistoryEvent[]): void {
    this.db.run("DELETE FROM history WHERE instance_id = ?", instance.id);
    this.appendHistory(instance, events);
  }

  /** Tells the parent of a finished sub-orchestration, if it has one. */
  notifyParent(instance: Instance, details: string, failure?: FailureDetails): void {
    const { parent } = instance;
    if (!parent) return;
    const TaskScheduledId = parent.taskId;
    const event =
      instance.status === "Completed"
        ? newEvent(EventType.SubOrchestrationInstanceCompleted, { TaskScheduledId, Result: instance.output ?? "null" })
        : newEvent(EventType.SubOrchestrationInstanceFailed, {
            TaskScheduledId,
            Reason: instance.output ?? "",
            Details: details,
            ...(failure ? { FailureDetails: failure } : {}),
          });
    this.send(parent.id, parent.executionId, event);
  }
}

/** The event that begins an execution. */
export function startedEvent(start: NewExecution): HistoryEvent {
  const ParentTraceContext = start.trace && { ParentTraceContext: start.trace };
  const { name: Name, input: Input, version } = start;
  return newEvent(EventType.ExecutionStarted, { Name, Input, Version: version ?? null, ...ParentTraceContext });
}

/** Trace that an execution's history begins with. */
export function startTrace(history: readonly HistoryEvent[]): TraceContext | undefined {
  return history.find((event) => event.EventType === EventType.ExecutionStarted)?.ParentTraceContext;
}

/** An instance from its table row. */
export function toInstance(row: Row): Instance {
  const text = (key: string): string | null => {
    const value = row[key];
    return typeof value === "string" ? value : null;
  };
  const parentId = text("parent_id");
  return {
    id: String(row["id"]),
    name: String(row["name"]),
    version: text("version"),
    executionId: String(row["execution_id"]),
    status: String(row["status"]) as RuntimeStatus,
    suspended: row["suspended"] === 1,
    input: text("input"),
    output: text("output"),
    customStatus: text("custom_status"),
    createdAt: Number(row["created_at"]),
    updatedAt: Number(row["updated_at"]),
    parent:
      parentId === null
        ? null
        : { id: parentId, executionId: String(row["parent_execution_id"]), taskId: Number(row["parent_task_id"]) },
    plan: JSON.parse(String(row["plan"])) as Plan,
  };
}
