import type { z } from "zod";

/**
 * Reads what another version of the app may have written: keys that this version does not know are left out. Anything else that
 * does not fit is an error, as in strict reading.
 */
export function parseStored<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const pruned = structuredClone(value);
  let removed = false;
  for (const issue of parsed.error.issues) {
    if (issue.code !== "unrecognized_keys") continue;
    const parent = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)[key], pruned);
    for (const key of issue.keys) removed = Reflect.deleteProperty(parent as object, key) || removed;
  }
  if (!removed) throw parsed.error;
  return parseStored(schema, pruned);
}
