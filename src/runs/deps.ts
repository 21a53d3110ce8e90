import type { JobsClient } from "../databricks/jobs-client";
import type { JobSettings } from "../domain/job-parameters";
import type { Ledger } from "../ledger/ledger";
import type { RunRequests } from "../ledger/run-requests";
import type { OrchestrationStarter } from "../domain/orchestration-starter";
import type { Logger } from "../logging/logger";

/** What activities are made of; built once in the composition root. */
export interface ActivityDeps {
  readonly ledger: Ledger;
  readonly jobs: JobsClient;
  readonly requests: RunRequests;
  readonly deploymentId: string;
  /** `DATABRICKS_HOST`: ids and tokens of Databricks runs mean nothing elsewhere. */
  readonly workspace: string;
  readonly jobNamePrefix: string;
  readonly settings: JobSettings;
  readonly notifier: Notifier;
}

/** Tells people or systems of an ended run. Throws when nobody was told. */
export interface Notifier {
  notify(message: RunNotification): Promise<void>;
}

/** What a notification says; no personal data, no URL of ours. */
export interface RunNotification {
  readonly runId: string;
  readonly attempt: number;
  readonly pipeline: string;
  readonly state: string;
  readonly reason: string;
  readonly drops: number;
  readonly error: { readonly code: string; readonly message: string; readonly step: string | null } | null;
  readonly databricksRunUrls: readonly string[];
}

/** What one invocation of an activity brings along. */
export interface ActivityContext {
  readonly log: Logger;
  readonly starter: OrchestrationStarter;
}

/** An activity: all I/O, executed at least once and possibly twice at the same time. */
export type Activity<Input, Output> = (input: Input, context: ActivityContext) => Promise<Output>;
