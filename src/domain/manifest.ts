import { z } from "zod";
import { RUN_REASONS } from "./run";
import { windowSchema } from "./window";

const manifestFileSchema = z.object({
  path: z.string(),
  source: z.string(),
  /** Relative to the volume root. */
  frozenPath: z.string(),
  etag: z.string(),
  size: z.number().int().nonnegative(),
  lastModified: z.string(),
});

/** Manifest of a batch (contracts.md section 3). A key of the version after is left out. */
export const manifestSchema = z.object({
  manifestVersion: z.literal(1),
  runId: z.string(),
  pipeline: z.string(),
  createdAt: z.string(),
  reason: z.enum(RUN_REASONS),
  window: windowSchema.nullable(),
  files: z.array(manifestFileSchema),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestFile = z.infer<typeof manifestFileSchema>;
