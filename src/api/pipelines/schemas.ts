import { z } from "zod";
import { pageOf } from "../registry/common-schemas";
import { component } from "../registry/components";

export const pipelineSchema = component(
  "Pipeline",
  z.strictObject({
    name: z.string(),
    description: z.string(),
    schedule: z.string().nullable().meta({ description: "NCRONTAB, six fields, in timeZone" }),
    timeZone: z.string().meta({ description: "IANA name" }),
    concurrencyGroup: z.string(),
    takesDrops: z.boolean(),
    steps: z.array(z.strictObject({ name: z.string(), job: z.string() })),
    links: z.strictObject({ self: z.url(), runs: z.url(), drops: z.url() }),
  }),
);
export const pipelinePageSchema = component("PipelinePage", pageOf(pipelineSchema));
