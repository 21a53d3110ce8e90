import type { OrchestrationStarter } from "../domain/orchestration-starter";
import type { PipelineDefinition, PipelineDefinitions } from "../domain/pipeline-definition";
import { UnknownPipelineError } from "../ledger/errors";
import type { Logger } from "../logging/logger";
import type { ActivityDeps } from "../runs/deps";

/** What the verbs of people work with. */
export interface OperationDeps {
  readonly activities: ActivityDeps;
  readonly definitions: PipelineDefinitions;
}

/** Who asks, and why. */
export interface Operator {
  /** From the caller's identity; null where none is known. */
  readonly by: string | null;
  /** In the person's own words. */
  readonly reason: string;
  readonly starter: OrchestrationStarter;
  readonly log: Logger;
}

/** @throws UnknownPipelineError when it has no definition */
export function definitionOf({ definitions }: OperationDeps, pipeline: string): PipelineDefinition {
  const definition = definitions.get(pipeline);
  if (!definition) throw new UnknownPipelineError(pipeline, [...definitions.keys()]);
  return definition;
}
