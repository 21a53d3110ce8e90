import { activityData } from "./durable/activity";
import type { Listeners } from "./listeners";
import { log } from "./log";
import type { RegisteredFunction, RpcTypedData } from "./worker/core-types";
import type { Invoker } from "./worker/invoker";

const REASON = "This function was programmatically called via the host APIs.";

/**
 * Starts a function with a test input, as the admin endpoint does, and does not wait for it: its result is in the log, as with the real host.
 * @throws Error when the input does not fit the trigger
 */
export function adminInvoke(
  fn: RegisteredFunction,
  input: string | undefined,
  invoker: Invoker,
  listeners: Listeners,
): void {
  const timer = listeners.timers.get(fn.name);
  if (timer) return void timer.runNow();
  const blob = listeners.blobs.find((item) => item.trigger.fn === fn);
  if (blob) {
    const [, container, name] = /^([^/]+)\/(.+)$/.exec(input ?? "") ?? [];
    if (container === undefined || name === undefined)
      throw new Error(`the input of blob function ${fn.name} must be "<container>/<blob>"`);
    return blob.announce(container, name, "");
  }
  const type = fn.trigger.type.toLowerCase();
  if (type === "orchestrationtrigger" || type === "entitytrigger")
    throw new Error(`${fn.name} is started through the durable management API`);
  const queue = listeners.queues.find((item) => item.trigger.fn === fn);
  const trigger: RpcTypedData = type === "activitytrigger" ? activityInput(input) : { string: input ?? "" };
  const invoked = queue
    ? queue.trigger.deliverText(input ?? "", REASON)
    : invoker.invoke(fn, { trigger, reason: REASON });
  invoked.catch((error: unknown) => log("debug", String(error)));
}

function activityInput(input: string | undefined): RpcTypedData {
  try {
    return activityData(JSON.stringify(JSON.parse(input ?? "null")));
  } catch {
    return { string: input ?? "" };
  }
}
