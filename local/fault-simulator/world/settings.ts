import { SECRETS } from "../databricks/databricks-port";

export const DEPLOYMENT_ID = "simulated-one";
/** What another deployment on the same workspace calls itself. */
export const TWIN_DEPLOYMENT_ID = "simulated-two";
export const HOOK_SECRET = "HOOKSECRET0123456789";

/** The settings of the simulated deployment: in the form that a deployment in Azure has. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  DEPLOYMENT_ID,
  DATA_STORAGE__blobServiceUri: "https://account.blob.core.windows.net",
  DATA_STORAGE__tableServiceUri: "https://account.table.core.windows.net",
  DATA_STORAGE__queueServiceUri: "https://account.queue.core.windows.net",
  DATA_STORAGE__credential: "managedidentity",
  DATABRICKS_HOST: "https://workspace.test",
  DATABRICKS_AUTH: "oauthM2M",
  DATABRICKS_CLIENT_ID: "11111111-2222-3333-4444-555555555555",
  DATABRICKS_CLIENT_SECRET: SECRETS.clientSecret,
  DATABRICKS_CATALOG: "main",
  DATABRICKS_SCHEMA: "pdm",
  DATABRICKS_VOLUME_ROOT: "/Volumes/main/pdm",
  DATABRICKS_WEBHOOK_USER: "databricks",
  DATABRICKS_WEBHOOK_PASSWORD: "webhook-password-0123",
  NOTIFICATION_WEBHOOK_URL: `https://hooks.test/runs?sig=${HOOK_SECRET}`,
  REQUESTS_PER_SECOND: "50",
  TASK_HUB: "Simulated",
};
