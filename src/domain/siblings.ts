import type { PipelineDefinitions } from "./pipeline-definition";

/**
 * The pipelines of the scenario and schema of this one, itself among them: only in their results an entity's id means the same. A
 * pipeline whose definition is gone stands alone.
 */
export function pipelinesBeside(pipeline: string, definitions: PipelineDefinitions): string[] {
  const own = definitions.get(pipeline);
  if (own === undefined) return [pipeline];
  return [...definitions.values()]
    .filter(({ scenario, schema }) => scenario === own.scenario && schema === own.schema)
    .map(({ name }) => name);
}
