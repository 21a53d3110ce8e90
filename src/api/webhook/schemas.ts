import { z } from "zod";
import { component } from "../registry/components";

/** What Databricks sends to a webhook destination; only the run id is read. */
export const webhookBody = component(
  "WebhookNotification",
  z.object({
    event_type: z.string().optional(),
    run: z.object({ run_id: z.union([z.int(), z.string().regex(/^\d+$/)]).meta({ description: "int64" }) }),
  }),
);
