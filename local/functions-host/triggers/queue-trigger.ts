import type { QueueClient, DequeuedMessageItem } from "@azure/storage-queue";
import { checkedQueueName } from "../bindings/queue-binding";
import type { QueueConfig } from "../host-json";
import { resolveSettings } from "../settings";
import { StorageAccount } from "../storage-account";
import { jsonFields } from "../worker/binding-data";
import { textOption } from "../worker/core-types";
import type { RegisteredFunction, RpcTypedData } from "../worker/core-types";
import type { Invoker } from "../worker/invoker";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const POISON = "-poison";
const MAX_QUEUE_NAME = 63;

/** One queue-triggered function: what it listens to and how it is invoked. */
export class QueueTrigger {
  readonly queueName: string;
  readonly queue: QueueClient;
  readonly account: StorageAccount;
  /** Where messages go that fail again and again; undefined for a poison queue, whose messages stay. */
  readonly poisonQueueName: string | undefined;

  /** Throws HostError or Error when the binding's queue or connection is wrong. */
  constructor(
    readonly fn: RegisteredFunction,
    private readonly invoker: Invoker,
    private readonly encoding: QueueConfig["messageEncoding"],
  ) {
    const user = `queue function ${fn.name}`;
    this.queueName = checkedQueueName(
      resolveSettings(textOption(fn.trigger, "queueName", ""), `queueName of ${user}`),
      user,
    );
    this.account = StorageAccount.open(textOption(fn.trigger, "connection", ""), user);
    this.queue = this.account.queues.getQueueClient(this.queueName);
    const poison = `${this.queueName}${POISON}`;
    this.poisonQueueName = this.queueName.endsWith(POISON) || poison.length > MAX_QUEUE_NAME ? undefined : poison;
  }

  /** The message's content, or undefined when it is not encoded as host.json says. */
  decode(text: string): Buffer | undefined {
    if (this.encoding === "none") return Buffer.from(text);
    return BASE64.test(text) ? Buffer.from(text, "base64") : undefined;
  }

  /** Invokes the function with a message. Throws what the function threw. */
  async deliver(message: DequeuedMessageItem, content: Buffer): Promise<void> {
    const text = content.toString();
    const triggerMetadata = {
      ...fieldsOf(text),
      QueueTrigger: { string: text },
      DequeueCount: { int: message.dequeueCount },
      ExpirationTime: time(message.expiresOn),
      Id: { string: message.messageId },
      InsertionTime: time(message.insertedOn),
      NextVisibleTime: time(message.nextVisibleOn),
      PopReceipt: { string: message.popReceipt },
    };
    const binary = textOption(this.fn.trigger, "dataType", "").toLowerCase() === "binary";
    const reason = `New queue message detected on '${this.queueName}'.`;
    await this.invoker.invoke(this.fn, {
      trigger: binary ? { bytes: content } : { string: text },
      triggerMetadata,
      reason,
    });
  }

  /** Invokes the function with a text that came through no queue. */
  async deliverText(text: string, reason: string): Promise<void> {
    const triggerMetadata = { ...fieldsOf(text), QueueTrigger: { string: text } };
    await this.invoker.invoke(this.fn, { trigger: { string: text }, triggerMetadata, reason });
  }
}

/** Fields of a JSON message are metadata too, unless the queue's own have their names. */
function fieldsOf(text: string): Record<string, RpcTypedData> {
  const fields = Object.entries(jsonFields(text)).filter(([, value]) => value !== null);
  return Object.fromEntries(fields.map(([name, value]) => [name, { json: JSON.stringify(value) }]));
}

function time(date: Date): RpcTypedData {
  return { json: JSON.stringify(date.toISOString()) };
}
