import { z } from "zod";

/** The files that evidence is read from, as notebooks write them; what is not known here is left alone. */

const numbers = z.array(z.number().nullable());

const markSchema = z.object({
  at: z.string(),
  kind: z.enum(["event", "maintenance"]),
  name: z.string(),
});

/** `<run id>/evidence.json`, written by scoring: the days before its latest point. */
export const evidenceFile = z.object({
  asOf: z.string(),
  from: z.string(),
  stepSeconds: z.number().positive(),
  values: z.array(z.object({ name: z.string(), unit: z.string() })),
  entities: z.record(
    z.string(),
    z.object({
      readings: z.record(z.string(), numbers),
      normal: z.record(z.string(), z.tuple([z.number().nullable(), z.number().nullable()])),
      marks: z.array(markSchema),
    }),
  ),
});

/** `<run id>/monitoring.json`: what failed, and between which times nothing else did. */
export const monitoringFile = z.object({
  happened: z.object({
    from: z.string(),
    until: z.string(),
    failures: z.array(z.object({ entity: z.string(), target: z.string(), at: z.string() })),
  }),
});

export type EvidenceFile = z.infer<typeof evidenceFile>;
export type MonitoringFile = z.infer<typeof monitoringFile>;
