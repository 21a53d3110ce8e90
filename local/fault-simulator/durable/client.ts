import { EventType } from "../../functions-host/durable/events";
import type { Caller, Wire } from "../kernel/wire";
import { isFinished, type TaskHub } from "./task-hub";

const BAD_ID = /^@|[/\\#?]|\p{Cc}/u;
const MAX_ID = 100;

/** The part of `DurableClient` that the app uses, with the real one's words for what is absent. */
export class SimulatedDurableClient {
  constructor(
    private readonly hub: TaskHub,
    private readonly caller: Caller,
    private readonly wire: Wire,
    private readonly hasOrchestrator: (name: string) => boolean,
  ) {}

  async getStatus(id: string): Promise<{ instanceId: string; runtimeStatus: string }> {
    return this.call("status", id, () => {
      const instance = this.hub.instances.get(id);
      if (!instance)
        throw new Error(`DurableClient error: Durable Functions extension replied with HTTP 404 response. ${id}`);
      return { instanceId: id, runtimeStatus: instance.status };
    });
  }

  async startNew(name: string, { instanceId = "", input }: { instanceId?: string; input?: unknown }): Promise<string> {
    const json = input === undefined ? null : JSON.stringify(input);
    return this.call("start", instanceId, () => {
      if (BAD_ID.test(instanceId) || instanceId.length > MAX_ID || !this.hasOrchestrator(name))
        throw failed(400, `bad instance id or no orchestrator ${name}`);
      const existing = this.hub.instances.get(instanceId);
      if (existing && !isFinished(existing)) throw failed(409, "An Orchestration instance already exists");
      this.hub.create({ id: instanceId, name, input: json });
      return instanceId;
    });
  }

  async raiseEvent(id: string, name: string, input: unknown): Promise<void> {
    const json = JSON.stringify(input ?? null);
    return this.call("raise", id, () => {
      if (!this.hub.instances.has(id)) throw new Error(`No instance with ID '${id}' found.`);
      this.hub.send(id, null, this.hub.event(EventType.EventRaised, { Name: name, Input: json }));
    });
  }

  async terminate(id: string, reason: string): Promise<void> {
    return this.call("terminate", id, () => {
      const instance = this.hub.instances.get(id);
      if (!instance) throw new Error(`No instance with ID '${id}' found.`);
      if (!isFinished(instance)) this.hub.finish(instance, "Terminated", reason);
    });
  }

  async purgeInstanceHistory(id: string): Promise<{ instancesDeleted: number }> {
    return this.call("purge", id, () => {
      const instance = this.hub.instances.get(id);
      if (!instance || !isFinished(instance)) return { instancesDeleted: 0 };
      this.hub.remove(id);
      return { instancesDeleted: 1 };
    });
  }

  private async call<T>(verb: string, id: string, effect: () => T): Promise<T> {
    const fault = (answered: boolean): Error => failed(answered ? 500 : 503, "the extension did not answer");
    return this.wire.call(this.caller, { port: "durable", verb, what: () => id, effect, fault });
  }
}

function failed(status: number, text: string): Error {
  return new Error(`The operation failed with an unexpected status code: ${status}. Details: ${text}`);
}
