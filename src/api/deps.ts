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

/** @throws HttpProblem 404 unless the pipeline is defined, or was once and left runs or drops behind */
export async function requireKnownPipeline(runs: RunRequests, name: string): Promise<string> {
  const known = await runs.pipelines();
  if (!known.includes(name)) throw unknownPipeline(name, known);
  return name;
}

/** @throws HttpProblem 404 that names the defined pipelines */
export function requirePipeline(pipelines: ApiDeps["pipelines"], name: string): PipelineSummary {
  const pipeline = pipelines.get(name);
  if (pipeline) return pipeline;
  throw unknownPipeline(name, [...pipelines.keys()]);
}

function unknownPipeline(name: string, known: readonly string[]): HttpProblem {
  const detail = `there is no pipeline "${name}"; known: ${known.join(", ") || "none"}`;
  return new HttpProblem(404, "unknown-pipeline", "Unknown pipeline", detail);
}
