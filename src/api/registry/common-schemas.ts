import { z } from "zod";
import { component } from "./components";

/** What the schemas of several groups are made of. */

/** What a person can do about it. */
export const remedy = z.string().meta({ description: "what to do about it" });

export const timestamp = z.iso.datetime();
export const nullableTimestamp = timestamp.nullable();
export const nullableSeconds = z.number().nonnegative().nullable();

/** A page of any list holds at most this many items. */
export const MAX_PAGE_SIZE = 200;

/** Query parameters of every list. */
export const pageQuery = {
  top: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(50).meta({ description: "page size" }),
  token: z.string().min(1).optional().meta({ description: "from a nextLink" }),
};

export const pipelinePath = z.strictObject({ pipeline: z.string().meta({ description: "name of a pipeline" }) });
export const runPath = z.strictObject({ runId: z.string().meta({ description: "id of a run" }) });

/** A page of a list. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({
    value: z.array(item),
    nextLink: z.url().optional().meta({ description: "absent on the last page" }),
  });
}

export const problemSchema = component(
  "Problem",
  z.strictObject({
    type: z.string().meta({ description: "stable; a URN that ends with the kind of problem" }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string(),
    traceId: z.string().meta({ description: "finds the invocation in the app's log" }),
    remedy: z.string().meta({ description: "what to do about it" }),
    errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })),
  }),
);
