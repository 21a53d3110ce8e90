import type { JobsClient } from "../databricks/jobs-client";
import type { JobSettings } from "../domain/job-parameters";
import type { Notification } from "../domain/notification/notification";
import type { Span } from "../domain/notification/run-trace";
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

/** Tells people or systems. Throws when nobody took the message. */
export interface Notifier {
  /** `spans` reads the trace of the attempt that ended, for whoever takes traces. */
  notify(notification: Notification, spans: () => Promise<readonly Span[]>): Promise<void>;
}

/** What one invocation of an activity brings along. */
export interface ActivityContext {
  readonly log: Logger;
  readonly starter: OrchestrationStarter;
}

/** An activity: all I/O, executed at least once and possibly twice at the same time. */
export type Activity<Input, Output> = (input: Input, context: ActivityContext) => Promise<Output>;
