import type { RpcTypedData } from "../worker/core-types";

/** The items that a function gave to a queue or a table: an array counts item by item, also when it is JSON text. */
export function itemsOf(data: RpcTypedData): (string | Uint8Array)[] {
  if (data.bytes) return [data.bytes];
  const array = arrayOf(data.json ?? data.string);
  if (array)
    return array
      .filter((item) => item !== null)
      .map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
  return [textOf(data)];
}

/** The text of a value as the worker sent it. */
export function textOf(data: RpcTypedData): string {
  if (data.bytes) return Buffer.from(data.bytes).toString();
  return data.string ?? data.json ?? String(data.int ?? data.double ?? "");
}

function arrayOf(text: string | null | undefined): unknown[] | undefined {
  if (!text?.trimStart().startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
