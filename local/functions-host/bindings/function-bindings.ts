import type { HostConfig } from "../host-json";
import { log } from "../log";
import { storageMessage } from "../storage-account";
import type { BindingData } from "../worker/binding-data";
import type { Binding, InvocationResponse, RegisteredFunction, RpcTypedData, TraceContext } from "../worker/core-types";
import type { ExtraBindings } from "../worker/invoker";
import { BlobBinding } from "./blob-binding";
import { QueueBinding } from "./queue-binding";
import { TableBinding } from "./table-binding";

/** Gives an input binding its data. */
export type Reader = (
  data: BindingData,
  trace: TraceContext,
) => Promise<RpcTypedData | undefined> | RpcTypedData | undefined;
type Writer = (data: BindingData, value: RpcTypedData) => Promise<void>;

const RETURN = "$return";

/** The storage and client bindings of one function. */
export class FunctionBindings implements ExtraBindings {
  usesData = false;
  private readonly readers = new Map<string, Reader>();
  private readonly writers = new Map<string, Writer>();

  /**
   * `clients` serves further inputs by lower-case type (the durable client). A binding that nobody serves is told once, here.
   * @throws HostError or Error naming function and binding when one is configured wrongly
   */
  constructor(fn: RegisteredFunction, config: HostConfig, clients: ReadonlyMap<string, Reader>) {
    for (const [name, binding] of Object.entries(fn.metadata.bindings)) {
      if (name === fn.triggerKey) continue;
      const isOutput = binding.direction === "out" || binding.direction === 1;
      const user = `function '${fn.name}', ${isOutput ? "output" : "input"} binding '${name}'`;
      if (isOutput) this.addOutput(name, binding, user, config);
      else this.addInput(name, binding, user, clients);
    }
  }

  get hasOutputs(): boolean {
    return this.writers.size > 0;
  }

  async read(data: BindingData, trace: TraceContext): Promise<ReadonlyMap<string, RpcTypedData | undefined>> {
    const found = [...this.readers].map(async ([name, reader]) => [name, await reader(data, trace)] as const);
    return new Map(await Promise.all(found));
  }

  async write(data: BindingData, response: InvocationResponse): Promise<void> {
    const values = new Map((response.outputData ?? []).map((output) => [output.name, output.data]));
    if (response.returnValue) values.set(RETURN, response.returnValue);
    for (const [name, writer] of this.writers) {
      const value = values.get(name);
      if (value) await writer(data, value);
    }
  }

  private addInput(name: string, binding: Binding, user: string, clients: ReadonlyMap<string, Reader>): void {
    const type = binding.type.toLowerCase();
    const client = clients.get(type);
    if (client) this.readers.set(name, client);
    else if (type === "blob" || type === "table") {
      const served = type === "blob" ? new BlobBinding(binding, user) : new TableBinding(binding, user);
      this.readers.set(name, (data) => naming(user, () => served.read(data)));
      this.usesData = true;
    } else log("warning", `${user} of type "${binding.type}" is not served by this host: the function gets undefined`);
  }

  private addOutput(name: string, binding: Binding, user: string, config: HostConfig): void {
    const served = servedOutput(binding, user, config);
    if (served) {
      this.writers.set(name, (data, value) => naming(user, () => served.write(data, value)));
      this.usesData = true;
    } else if (binding.type.toLowerCase() !== "http")
      log(
        "warning",
        `${user} of type "${binding.type}" is not served by this host: what the function gives it is lost`,
      );
  }
}

/** The storage's own errors do not say which binding they are about. */
async function naming<T>(user: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = storageMessage(error);
    throw new Error(message.startsWith(user) ? message : `${user}: ${message}`, { cause: error });
  }
}

function servedOutput(binding: Binding, user: string, config: HostConfig): { write: Writer } | undefined {
  switch (binding.type.toLowerCase()) {
    case "blob":
      return new BlobBinding(binding, user);
    case "queue":
      return new QueueBinding(binding, user, config.queues.messageEncoding);
    case "table":
      return new TableBinding(binding, user);
    default:
      return undefined;
  }
}
