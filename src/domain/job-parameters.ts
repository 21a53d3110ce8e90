import type { PipelineDefinition, StepDefinition } from "./pipeline-definition";
import type { Window } from "./window";

/** Where the jobs read and write. */
export interface JobSettings {
  readonly catalog: string;
  /** Of definitions that name none. */
  readonly schema: string;
  readonly volumeRoot: string;
  /** Name of the batches container, which is also a folder under the volume root. */
  readonly batches: string;
}

/** What of a run goes into the parameters. */
export interface ParameterSource {
  readonly runId: string;
  readonly window: Window | null;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Job parameters of a step (contracts.md section 2). The same for every generation and attempt of a run. */
export function jobParameters(
  run: ParameterSource,
  definition: Pick<PipelineDefinition, "scenario" | "schema">,
  step: StepDefinition,
  settings: JobSettings,
  deploymentId: string,
): Record<string, string> {
  const asked = Object.entries(run.parameters).filter(([name]) => name in step.parameters);
  return {
    run_id: run.runId,
    deployment_id: deploymentId,
    manifest_path: `${settings.batches}/${run.runId}/manifest.json`,
    window_start: run.window?.start ?? "",
    window_end: run.window?.end ?? "",
    catalog: settings.catalog,
    schema: definition.schema ?? settings.schema,
    volume_root: settings.volumeRoot,
    // A job that knows no scenario need not declare the parameter.
    ...(definition.scenario === undefined ? {} : { scenario: definition.scenario }),
    ...step.parameters,
    ...Object.fromEntries(asked),
  };
}

/**
 * Whether a Databricks run carries our run and deployment. A run that names no deployment was started by version 0.1.0, or by a job
 * that does not declare the parameter. This is needed for a cancel, never enough: anybody can set a parameter.
 */
export function carriesRun(parameters: Readonly<Record<string, string>>, runId: string, deploymentId: string): boolean {
  const deployment = parameters["deployment_id"] ?? "";
  return parameters["run_id"] === runId && (deployment === deploymentId || deployment === "");
}
