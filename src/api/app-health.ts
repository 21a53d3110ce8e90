import type { Config } from "../config/config";
import type { StorageClients } from "../config/storage-clients";
import type { JobsClient } from "../databricks/jobs-client";
import { containerCheck, databricksChecks, tableCheck, type HealthCheck } from "./health-checks";
import type { PipelineSummary } from "./views";

/** What the health of this app depends on. */
export interface AppHealthDeps {
  readonly config: Pick<Config, "containers" | "ledgerTablePrefix" | "databricks">;
  readonly storage: StorageClients;
  /** With a budget of a few seconds, so that an outage is told and not waited for. */
  readonly jobs: JobsClient;
  readonly pipelines: ReadonlyMap<string, PipelineSummary>;
}

/** Checks of the three containers, the ledger, Databricks and the job of every step. */
export function createHealthChecks({ config, storage, jobs, pipelines }: AppHealthDeps): HealthCheck[] {
  const container = (name: string) => storage.blobService.getContainerClient(name);
  const jobNames = [...pipelines.values()].flatMap((pipeline) => pipeline.steps.map((step) => config.databricks.jobNamePrefix + step.job));
  return [
    containerCheck(container(config.containers.drops), "DROPS_CONTAINER"),
    containerCheck(container(config.containers.batches), "BATCHES_CONTAINER"),
    containerCheck(container(config.containers.results), "RESULTS_CONTAINER"),
    tableCheck(storage.table(`${config.ledgerTablePrefix}runs`)),
    ...databricksChecks(jobs, jobNames),
  ];
}
