import type { InvocationOptions } from "./invoker";
import type { RegisteredFunction, RpcTypedData } from "./core-types";

/** Values that binding expressions may name; a value may be an object, whose fields are named with dots. */
export type BindingData = Readonly<Record<string, unknown>>;

/** What the binding expressions of a function may name in one invocation: metadata, fields of a JSON trigger, and what the trigger adds. */
export function bindingDataOf(fn: RegisteredFunction, options: InvocationOptions): BindingData {
  const metadata = Object.entries(options.triggerMetadata ?? {}).map(([name, value]) => [name, plainValue(value)]);
  return {
    sys: { methodName: fn.name, utcNow: new Date(), randGuid: crypto.randomUUID() },
    ...(Object.fromEntries(metadata) as Record<string, unknown>),
    ...jsonFields(options.trigger?.string ?? options.trigger?.json),
    ...options.bindingData,
  };
}

/** Fields of a text that is a JSON object; none of any other text. */
export function jsonFields(text: string | null | undefined): Record<string, unknown> {
  if (!text?.trimStart().startsWith("{")) return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function plainValue(data: RpcTypedData): unknown {
  if (data.json !== undefined && data.json !== null) return JSON.parse(data.json) as unknown;
  return data.string ?? data.int ?? data.double;
}
