import type { QueueConfig } from "../host-json";
import { StorageAccount } from "../storage-account";
import type { BindingData } from "../worker/binding-data";
import { textOption } from "../worker/core-types";
import type { Binding, RpcTypedData } from "../worker/core-types";
import { bindingText } from "./binding-text";
import { hasExpression } from "./expression";
import { itemsOf } from "./values";

const QUEUE_NAME = /^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** A `queue` output binding. */
export class QueueBinding {
  private readonly account: StorageAccount;
  private readonly queueName: (data: BindingData) => string;

  /** Throws HostError or Error naming `user` when queue or connection is wrong. */
  constructor(
    binding: Binding,
    private readonly user: string,
    private readonly encoding: QueueConfig["messageEncoding"],
  ) {
    this.queueName = bindingText(binding, "queueName", user);
    this.account = StorageAccount.open(textOption(binding, "connection", ""), user);
    if (!hasExpression(textOption(binding, "queueName", ""))) checkedQueueName(this.queueName({}), user);
  }

  /** Sends one message for each item; the queue is made when it is missing. */
  async write(data: BindingData, value: RpcTypedData): Promise<void> {
    const queue = checkedQueueName(this.queueName(data), this.user);
    for (const item of itemsOf(value)) {
      const bytes = Buffer.from(item as string);
      await this.account.sendMessage(queue, bytes.toString(this.encoding === "base64" ? "base64" : "utf8"));
    }
  }
}

/** The name in lower case, as the service wants it. Throws an Error naming `user` when it cannot be a queue's. */
export function checkedQueueName(name: string, user: string): string {
  const lower = name.toLowerCase();
  if (QUEUE_NAME.test(lower)) return lower;
  throw new Error(`${user}: "${name}" is no queue name (3 to 63 letters, digits and single hyphens)`);
}
