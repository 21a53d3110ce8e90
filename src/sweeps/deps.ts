import type { PipelineDefinitions } from "../domain/pipeline-definition";
import type { OrchestrationStarter } from "../domain/orchestration-starter";
import type { Logger } from "../logging/logger";
import type { ActivityDeps } from "../runs/deps";

/** What a sweep works with. */
export interface SweepDeps {
  readonly activities: ActivityDeps;
  readonly definitions: PipelineDefinitions;
}

/** One pass of the sweeper. */
export interface SweepPass extends SweepDeps {
  readonly starter: OrchestrationStarter;
  readonly log: Logger;
  readonly isLive: (status: string | null) => boolean;
}
