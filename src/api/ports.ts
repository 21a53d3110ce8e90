import type { AnswerStore } from "../ledger/answer-store";
import type { ManifestStore } from "../ledger/drops/manifest-store";
import type { SourceSigner } from "../ledger/source-signer";
import type { PipelineDefinitions } from "../domain/pipeline-definition";
import type { RunRequests } from "../ledger/run-requests";
import type { Quarantine } from "../runs/quarantine/quarantine";
import type { Retention } from "../runs/retention/plan";
import type { Evidence } from "../runs/results/evidence";
import type { Predictions } from "../runs/results/predictions";
import type { ReadDocument } from "../runs/read-document";
import type { Stories } from "../runs/why";
import type { OperationDeps } from "../operations/deps";
import type { HealthCheck } from "./health/checks";
import { Problem } from "./problems";
import type { OverviewView } from "./overview/schemas";
import type { PipelineSummary } from "./pipelines/views";

/** What the operations are made of. An operation declares the part that it needs: `({ path }, { runs }: Pick<ApiPorts, "runs">)`. */
export interface ApiPorts {
  readonly runs: RunRequests;
  /** The checked definitions, by name. */
  readonly pipelines: ReadonlyMap<string, PipelineSummary>;
  readonly definitions: PipelineDefinitions;
  readonly signer: Pick<SourceSigner, "uploadUrlOf">;
  readonly quarantine: Quarantine;
  readonly retention: Retention;
  readonly stories: Stories;
  /** What the verbs of people work with. */
  readonly operations: OperationDeps;
  readonly manifests: Pick<ManifestStore, "find">;
  readonly predictions: Predictions;
  readonly evidence: Evidence;
  readonly checks: readonly HealthCheck[];
  readonly version: string;
  /** First answers by `Idempotency-Key`, for operations that keep them there. */
  readonly answers: AnswerStore;
  /** JSON documents that runs wrote. */
  readonly documents: ReadDocument;
  /** What runs, what waits and what needs a person. */
  readonly overview: () => Promise<OverviewView>;
}

/** @throws Problem 404 unless the pipeline is defined, or was once and left runs or drops behind */
export async function requireKnownPipeline(runs: RunRequests, name: string): Promise<string> {
  const known = await runs.pipelines();
  if (!known.includes(name)) throw unknownPipeline(name, known);
  return name;
}

/** @throws Problem 404 that names the defined pipelines */
export function requirePipeline<T>(pipelines: ReadonlyMap<string, T>, name: string): T {
  const pipeline = pipelines.get(name);
  if (pipeline) return pipeline;
  throw unknownPipeline(name, [...pipelines.keys()]);
}

function unknownPipeline(name: string, known: readonly string[]): Problem {
  return new Problem("unknown-pipeline", `there is no pipeline "${name}"; known: ${known.join(", ") || "none"}`);
}
