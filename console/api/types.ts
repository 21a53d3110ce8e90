import type { z } from "zod";
import type { dropPageSchema, dropSchema } from "../../src/api/drops/schemas";
import type { healthSchema } from "../../src/api/health/schemas";
import type { overviewSchema } from "../../src/api/overview/schemas";
import type { pipelinePageSchema } from "../../src/api/pipelines/schemas";
import type { problemSchema } from "../../src/api/registry/common-schemas";
import type { runPageSchema, runSchema, startRunBody } from "../../src/api/runs/schemas";

/** The bodies of the API, by the schemas that the app itself checks them with. Types alone: nothing of the app is in the page. */
export type Run = z.infer<typeof runSchema>;
export type RunPage = z.infer<typeof runPageSchema>;
export type RunSummary = RunPage["value"][number];
export type Step = Run["steps"][number];
export type Generation = Step["generations"][number];
export type Drop = z.infer<typeof dropSchema>;
export type DropPage = z.infer<typeof dropPageSchema>;
export type PipelinePage = z.infer<typeof pipelinePageSchema>;
export type Pipeline = PipelinePage["value"][number];
export type Health = z.infer<typeof healthSchema>;
export type Overview = z.infer<typeof overviewSchema>;
export type ProblemBody = z.infer<typeof problemSchema>;
export type StartRun = z.input<typeof startRunBody>;
