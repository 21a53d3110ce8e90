import type { InvocationContext } from "@azure/functions";
import type { RunRequests } from "../ledger/run-requests";
import type { OrchestrationStarter } from "../domain/orchestration-starter";
import { HttpProblem } from "./problem";
import type { PipelineSummary } from "./views";

/** What the handlers about pipelines and runs are made of. */
export interface ApiDeps {
  readonly runs: RunRequests;
  /** The checked definitions, by name. */
  readonly pipelines: ReadonlyMap<string, PipelineSummary>;
  /** The durable client of an invocation, without its management URLs. */
  readonly starterFor: (context: InvocationContext) => OrchestrationStarter;
}

/** Seconds after which a look at an unfinished run is worth it. */
export const POLL_AFTER_SECONDS = "5";

/** @throws HttpProblem 404 that names the known pipelines */
export function requirePipeline(pipelines: ApiDeps["pipelines"], name: string): PipelineSummary {
  const pipeline = pipelines.get(name);
  if (pipeline) return pipeline;
  const known = [...pipelines.keys()].join(", ") || "none";
  throw new HttpProblem(404, "unknown-pipeline", "Unknown pipeline", `there is no pipeline "${name}"; known: ${known}`);
}
