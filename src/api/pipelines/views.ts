import type { z } from "zod";
import type { pipelineSchema } from "./schemas";

export type PipelineView = z.infer<typeof pipelineSchema>;

/** What the API needs to know of a pipeline definition. */
export interface PipelineSummary {
  readonly name: string;
  readonly description?: string | undefined;
  readonly schedule?: string | undefined;
  readonly timeZone: string;
  readonly concurrencyGroup: string;
  readonly drops?: unknown;
  readonly steps: readonly { readonly name: string; readonly job: string }[];
}

/** A pipeline as the API shows it. */
export function pipelineView(pipeline: PipelineSummary, root: string): PipelineView {
  const self = `${root}/v1/pipelines/${pipeline.name}`;
  return {
    name: pipeline.name,
    description: pipeline.description ?? "",
    schedule: pipeline.schedule ?? null,
    timeZone: pipeline.timeZone,
    concurrencyGroup: pipeline.concurrencyGroup,
    takesDrops: pipeline.drops !== undefined,
    steps: pipeline.steps.map(({ name, job }) => ({ name, job })),
    links: { self, runs: `${root}/v1/runs?pipeline=${pipeline.name}`, drops: `${self}/drops` },
  };
}
