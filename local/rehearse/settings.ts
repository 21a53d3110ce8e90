import { bicepAppSettings } from "../deploy/app-settings";

/** What Azure and the workspace give a deployment, by their stand-ins here. */
export interface Surroundings {
  readonly clientId: string;
  /** `https://127.0.0.1:port/account` of blob, queue and table. */
  readonly storage: { readonly blob: string; readonly queue: string; readonly table: string };
  readonly databricksHost: string;
  readonly webhookPassword: string;
  /** Folder that the notebooks see as the volumes. */
  readonly volumeRoot: string;
}

/** The settings that Bicep works out from names and identities of Azure. */
function workedOut({ clientId, storage, databricksHost, webhookPassword, volumeRoot }: Surroundings) {
  return new Map([
    ["DEPLOYMENT_ID", "rehearsal"],
    ["TASK_HUB", "rehearsal"],
    ["DATA_STORAGE__blobServiceUri", storage.blob],
    ["DATA_STORAGE__queueServiceUri", storage.queue],
    ["DATA_STORAGE__tableServiceUri", storage.table],
    ["DATA_STORAGE__clientId", clientId],
    ["BATCHES_CONTAINER", "batches"],
    ["RESULTS_CONTAINER", "results"],
    ["DATABRICKS_HOST", databricksHost],
    ["DATABRICKS_AZURE_CLIENT_ID", clientId],
    ["DATABRICKS_CATALOG", "spark_catalog"],
    ["DATABRICKS_SCHEMA", "batchkeeper"],
    ["DATABRICKS_VOLUME_ROOT", volumeRoot],
    ["DATABRICKS_JOB_NAME_PREFIX", ""],
    ["DATABRICKS_RUNS", "step"],
    ["DATABRICKS_WEBHOOK_PASSWORD", webhookPassword],
    ["REQUESTS_PER_SECOND", "10"],
    ["API_AUTH", "keys"],
    ["MCP_TOOLS", "read"],
    ["NOTIFICATION_FORMAT", "json"],
    ["NOTIFICATION_TOPICS", "all"],
  ]);
}

/** Parameters of main.bicep that are empty unless somebody sets them; Bicep leaves out what is empty. */
const LEFT_OUT = ["NOTIFICATION_WEBHOOK_URL", "OPENLINEAGE_URL", "OTLP_ENDPOINT"];

/**
 * The app settings exactly as infra/ names them.
 * @throws Error naming a setting of infra/ that has no counterpart here
 */
export function rehearsalSettings(surroundings: Surroundings): Record<string, string> {
  const values = workedOut(surroundings);
  const entries = bicepAppSettings()
    .filter(({ name }) => !LEFT_OUT.includes(name))
    .map(({ name, value }) => {
      const known = value ?? values.get(name);
      if (known === undefined)
        throw new Error(`infra/main.bicep sets ${name}, of which local/rehearse/settings.ts knows no counterpart`);
      return [name, known] as const;
    });
  return Object.fromEntries(entries);
}
