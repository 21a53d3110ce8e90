import { registerCancelRun } from "./http-cancel-run";
import { registerDatabricksWebhook } from "./http-databricks-webhook";
import { registerGetRun } from "./http-get-run";
import { registerHealth, type HealthDeps } from "./http-health";
import { registerListDrops } from "./http-list-drops";
import { registerListRuns } from "./http-list-runs";
import { registerOpenApi } from "./http-openapi";
import { registerRetryRun } from "./http-retry-run";
import { registerRouteDrops } from "./http-route-drops";
import { registerStartRun } from "./http-start-run";
import type { ApiDeps } from "../api/deps";
import type { WebhookCredentials } from "./http-databricks-webhook";

/** What all HTTP functions together are made of. */
export type HttpDeps = ApiDeps & HealthDeps & { readonly webhook?: WebhookCredentials | undefined };

/** Registers every HTTP function. */
export function registerHttpFunctions(deps: HttpDeps): void {
  registerStartRun(deps);
  registerListRuns(deps);
  registerGetRun(deps);
  registerCancelRun(deps);
  registerRetryRun(deps);
  registerListDrops(deps);
  registerRouteDrops(deps);
  registerHealth(deps);
  registerOpenApi(deps);
  registerDatabricksWebhook(deps);
}
