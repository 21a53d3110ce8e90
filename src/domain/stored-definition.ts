import { pipelineDefinitionSchema, type PipelineDefinition } from "./pipeline-definition";
import { parseStored } from "./stored";

/** Texts that were read lately: the runs of a pipeline share a few, and every look at a run reads one. */
const stored = new Map<string, PipelineDefinition>();
const MAX_STORED = 200;

/** Reads the definition that a run was stored with, by whatever version of the app. Equal texts share one object: leave it as it is. */
export function storedDefinition(json: string): PipelineDefinition {
  const known = stored.get(json);
  if (known) return known;
  const definition = parseStored(pipelineDefinitionSchema, JSON.parse(json));
  if (stored.size >= MAX_STORED) stored.clear();
  stored.set(json, definition);
  return definition;
}
