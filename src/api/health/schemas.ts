import { z } from "zod";
import { remedy } from "../registry/common-schemas";
import { component } from "../registry/components";

const check = z.strictObject({
  name: z.string(),
  status: z.enum(["ok", "failed", "skipped"]),
  message: z.string().meta({ description: "what is wrong and which setting or permission to look at" }),
  remedy: remedy.nullable(),
});
export const healthSchema = component(
  "Health",
  z.strictObject({
    status: z.enum(["healthy", "unhealthy"]),
    version: z.string(),
    checks: z.array(check),
  }),
);
export const liveSchema = component("Live", z.strictObject({ status: z.literal("alive") }));
