import { randomUUID } from "node:crypto";
import type { TraceContext } from "../worker/core-types";
import type { DurableConfig } from "./config";
import type { Engine } from "./engine";
import { EventType, newEvent } from "./events";
import { rewindInstance } from "./rewind";
import { isFinished, toInstance } from "./store";
import type { DurableStore, Instance } from "./store";

/** Runtime status as queries show it. */
export type ShownStatus = Instance["status"] | "Suspended";

/** What a new instance may be given besides its input. */
export interface StartOptions {
  readonly version?: string | undefined;
  readonly trace?: TraceContext | undefined;
}

/** Filter of a status query or a purge. Times in milliseconds. */
export interface InstanceFilter {
  readonly prefix?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly statuses?: readonly string[] | undefined;
}

/** Why a request about an instance was refused; `status` is the HTTP answer. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  constructor(
    readonly status: 400 | 404 | 409 | 410 | 412 | 500,
    message: string,
  ) {
    super(message);
  }
}

const BAD_ID = /^@|[/\\#?]|\p{Cc}/u;

/** The status that queries show. */
export function shownStatus(instance: Instance): ShownStatus {
  return instance.suspended && !isFinished(instance) ? "Suspended" : instance.status;
}

/** Starts, queries and controls instances. All changes are stored before a method returns. */
export class DurableClientApi {
  constructor(
    private readonly store: DurableStore,
    private readonly engine: Engine,
    private readonly config: DurableConfig,
  ) {}

  /**
   * Starts an instance; a finished one with the same id is replaced, and a running one when host.json allows it. `input` is JSON or null.
   * @throws ClientError 400 or 409
   */
  startNew(name: string, id: string | undefined, input: string | null, options: StartOptions = {}): string {
    const instanceId = id ?? randomUUID().replaceAll("-", "");
    if (BAD_ID.test(instanceId)) throw new ClientError(400, "One or more of the arguments submitted is incorrect");
    if (!this.engine.exists("orchestrator", name)) {
      throw new ClientError(
        400,
        `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function.`,
      );
    }
    this.store.db.tx(() => {
      const existing = this.store.instance(instanceId);
      if (existing && !isFinished(existing) && !this.config.overridesRunning) {
        throw new ClientError(
          409,
          `An Orchestration instance with the status ${shownStatus(existing)} already exists.`,
        );
      }
      this.store.create({
        id: instanceId,
        name: this.engine.orchestrator(name)?.name ?? name,
        input,
        version: options.version ?? this.config.versions.defaultVersion ?? null,
        trace: options.trace,
      });
    });
    this.engine.log.scheduled(instanceId, name, "Orchestrator", "NewInstance");
    this.engine.wake();
    return instanceId;
  }

  /** The instance. Throws ClientError 404. */
  get(id: string): Instance {
    const instance = this.store.instance(id);
    if (!instance) throw new ClientError(404, `No instance with ID '${id}' found.`);
    return instance;
  }

  /** Queues an external event; `input` is JSON or null. */
  raiseEvent(id: string, name: string, input: string | null): void {
    this.change(id, (instance) => {
      this.store.send(id, null, newEvent(EventType.EventRaised, { Name: name, Input: input }));
      this.engine.log.raised(id, instance.name, name);
    });
  }

  /** Ends an instance at once. Activities that were scheduled still run; their results are dropped. */
  terminate(id: string, reason: string | null): void {
    this.change(id, (instance) => {
      Object.assign(instance, { status: "Terminated", suspended: false, output: reason });
      this.store.appendHistory(instance, [newEvent(EventType.ExecutionTerminated, { Input: reason })]);
      for (const table of ["inbox", "timers"]) this.store.db.run(`DELETE FROM ${table} WHERE instance_id = ?`, id);
      this.store.save(instance);
      this.store.notifyParent(instance, "");
      this.engine.log.terminated(id, instance.name, reason);
    });
  }

  /** Holds (or releases) an instance; events queue meanwhile. */
  suspend(id: string, reason: string | null, suspended: boolean): void {
    this.change(id, (instance) => {
      if (instance.suspended === suspended)
        throw new ClientError(500, suspended ? "The instance is already suspended." : "The instance is not suspended.");
      instance.suspended = suspended;
      this.store.send(
        id,
        null,
        newEvent(suspended ? EventType.ExecutionSuspended : EventType.ExecutionResumed, { Reason: reason }),
      );
      this.store.save(instance);
      this.engine.log.suspended(id, instance.name, suspended, reason);
    });
  }

  /** Repeats what failed, and keeps what succeeded. Throws ClientError 404 or 412. */
  async rewind(id: string, reason: string | null): Promise<void> {
    if (this.get(id).status !== "Failed")
      throw new ClientError(412, "The rewind operation is only supported on failed orchestration instances.");
    await rewindInstance(this.engine, id, reason);
    this.engine.log.rewound(id, this.get(id).name, reason);
    this.engine.wake();
  }

  /** Starts an instance anew with its original input. Returns the instance id. */
  restart(id: string, withNewId: boolean): string {
    const instance = this.store.instance(id);
    if (!instance) throw new ClientError(400, "InstanceId does not match a valid orchestration instance.");
    const version = instance.version === null ? {} : { version: instance.version };
    return this.startNew(instance.name, withNewId ? undefined : id, instance.input, version);
  }

  /** Deletes one instance, whatever its status. Returns the number deleted. */
  purge(id: string): number {
    return this.store.remove(id) ? 1 : 0;
  }

  /** Deletes finished instances that match. */
  purgeBy(filter: InstanceFilter): number {
    const finished = this.query(filter, Number.MAX_SAFE_INTEGER, undefined).page.filter((instance) =>
      isFinished(instance),
    );
    return this.store.db.tx(() => finished.filter((instance) => this.store.remove(instance.id)).length);
  }

  /** Instances by age and id, and the token of the next page. */
  query(
    filter: InstanceFilter,
    top: number,
    token: string | undefined,
  ): { page: Instance[]; next: string | undefined } {
    const [afterTime, afterId] = token
      ? (JSON.parse(Buffer.from(token, "base64").toString()) as [number, string])
      : [-1, ""];
    const rows = this.store.db.all(
      `SELECT * FROM instances WHERE (created_at, id) > (?, ?) AND created_at >= ? AND created_at <= ? AND substr(id, 1, length(?)) = ? ORDER BY created_at, id`,
      ...[
        afterTime,
        afterId,
        filter.from ?? 0,
        filter.to ?? Number.MAX_SAFE_INTEGER,
        filter.prefix ?? "",
        filter.prefix ?? "",
      ],
    );
    const matching = rows
      .map(toInstance)
      .filter((instance) => !filter.statuses?.length || filter.statuses.includes(shownStatus(instance)));
    const page = matching.slice(0, top);
    const last = page.at(-1);
    const next =
      last && matching.length > top
        ? Buffer.from(JSON.stringify([last.createdAt, last.id])).toString("base64")
        : undefined;
    return { page, next };
  }

  private change(id: string, work: (instance: Instance) => void): void {
    this.store.db.tx(() => {
      const instance = this.get(id);
      if (isFinished(instance)) throw new ClientError(410, `The instance '${id}' has finished.`);
      work(instance);
    });
    this.engine.wake();
  }
}
