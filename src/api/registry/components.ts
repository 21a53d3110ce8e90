import { z } from "zod";

/** Bodies with a name of their own in the OpenAPI document. */
export const components = z.registry<{ id: string }>();

/** Names a body; names are unique over all groups. */
export function component<T extends z.ZodType>(id: string, schema: T): T {
  components.add(schema, { id });
  return schema;
}
