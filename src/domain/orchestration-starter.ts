/** The part of the durable client that the ledger's callers may use. Management URLs never pass through it. */
export interface OrchestrationStarter {
  /** Starts an instance; an instance of that id which is already running is left alone. */
  start(orchestrator: string, instanceId: string, input: unknown): Promise<void>;
  /** Raises an event that only hastens; an absent or finished instance is no error. */
  raise(instanceId: string, eventName: string): Promise<void>;
  /** Runtime status (`Running`, `Failed`, …), or null when there is no such instance. */
  status(instanceId: string): Promise<string | null>;
  /** Removes the history of an instance that is at work no more; an absent one is no error, a live one is left alone. */
  purge(instanceId: string): Promise<void>;
}

/** Statuses of an instance that is at work, or will be. */
const LIVE = new Set(["Running", "Pending", "ContinuedAsNew", "Suspended"]);

/** True when an instance of this status goes on by itself. */
export function isLive(status: string | null): boolean {
  return status !== null && LIVE.has(status);
}
