import { z } from "zod";
import type { NotificationFormat } from "../domain/notification/bodies";
import type { Topic } from "../domain/notification/topics";
import { ConfigError, type ConfigProblem } from "../errors";
import { authSettings, expected, generalSettings, storageSettings, webhookSettings } from "./settings";

/** How to reach the storage account. */
export type StorageConfig =
  | { readonly kind: "connectionString"; readonly connectionString: string }
  | {
      readonly kind: "identity";
      readonly blobServiceUri: string;
      readonly tableServiceUri: string;
      /** The blob trigger keeps its queue of events there. */
      readonly queueServiceUri: string;
      /** `managedIdentity` in Azure; `default` also tries developer sign-ins. */
      readonly credential: "managedIdentity" | "default";
      readonly clientId?: string;
    };

/** How to sign in to Databricks. */
export type DatabricksAuth =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "managedIdentity"; readonly clientId?: string }
  | { readonly kind: "default" }
  | { readonly kind: "oauthM2M"; readonly clientId: string; readonly clientSecret: string };

/** The settings of the app, checked and grouped. */
export interface Config {
  readonly deploymentId: string;
  readonly storage: StorageConfig;
  /** The containers that we write to; those of the drops are named by the pipeline definitions. */
  readonly containers: { readonly batches: string; readonly results: string };
  readonly ledgerTablePrefix: string;
  readonly databricks: {
    /** Origin without trailing slash. */
    readonly host: string;
    readonly auth: DatabricksAuth;
    readonly catalog: string;
    readonly schema: string;
    /** Without trailing slash. */
    readonly volumeRoot: string;
    readonly jobNamePrefix: string;
    /** What one Databricks run is for. */
    readonly runsPer: "step" | "pipeline";
    readonly requestsPerSecond: number;
    readonly webhook?: { readonly user: string; readonly password: string };
  };
  readonly notifications: {
    readonly webhookUrl?: string;
    readonly format: NotificationFormat;
    readonly topics: readonly Topic[];
    readonly openLineage?: { readonly url: string; readonly apiKey?: string };
    /** Takes the traces of runs; its headers may hold a secret. */
    readonly otlp?: { readonly url: string; readonly headers: Readonly<Record<string, string>> };
  };
  /** How callers of the API are known. */
  readonly apiAuth: "keys" | "easyAuth";
  /** Which operations agents have as tools of the host's MCP extension. */
  readonly mcpTools: "none" | "read" | "all";
}

/** The settings by name, as `process.env` gives them; an empty value counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks all settings. @throws ConfigError naming every bad setting at once. */
export function loadConfig(environment: Environment): Config {
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const problems: ConfigProblem[] = [];
  checkReferences(env, problems);
  const general = parse(generalSettings, env, problems);
  const storage = storageConfig(env, problems);
  const auth = authConfig(env, problems);
  const webhook = webhookConfig(env, problems);
  if (general) checkContainers(general, problems);
  if (general) checkSignIn(general, env, problems);
  if (problems.length > 0 || !general || !storage || !auth) throw new ConfigError(problems);
  return {
    deploymentId: general.DEPLOYMENT_ID,
    storage,
    containers: { batches: general.BATCHES_CONTAINER, results: general.RESULTS_CONTAINER },
    ledgerTablePrefix: general.LEDGER_TABLE_PREFIX,
    apiAuth: general.API_AUTH,
    mcpTools: general.MCP_TOOLS,
    databricks: {
      host: general.DATABRICKS_HOST,
      auth,
      catalog: general.DATABRICKS_CATALOG,
      schema: general.DATABRICKS_SCHEMA,
      volumeRoot: general.DATABRICKS_VOLUME_ROOT,
      jobNamePrefix: general.DATABRICKS_JOB_NAME_PREFIX,
      runsPer: general.DATABRICKS_RUNS,
      requestsPerSecond: general.REQUESTS_PER_SECOND,
      ...(webhook ? { webhook } : {}),
    },
    notifications: notificationConfig(general),
  };
}

function notificationConfig(general: z.infer<typeof generalSettings>): Config["notifications"] {
  const { NOTIFICATION_WEBHOOK_URL: webhookUrl, OPENLINEAGE_URL: url, OPENLINEAGE_API_KEY: apiKey } = general;
  const { OTLP_ENDPOINT: otlpUrl, OTLP_HEADERS: headers } = general;
  return {
    ...(webhookUrl ? { webhookUrl } : {}),
    format: general.NOTIFICATION_FORMAT,
    topics: general.NOTIFICATION_TOPICS,
    ...(url ? { openLineage: { url, ...(apiKey ? { apiKey } : {}) } } : {}),
    ...(otlpUrl ? { otlp: { url: otlpUrl, headers: headers ?? {} } } : {}),
  };
}

function storageConfig(env: Environment, problems: ConfigProblem[]): StorageConfig | undefined {
  const settings = parse(storageSettings, env, problems);
  if (!settings) return undefined;
  const { DATA_STORAGE: connectionString } = settings;
  return connectionString ? accountKeyStorage(connectionString, env, problems) : identityStorage(settings, problems);
}

function accountKeyStorage(
  connectionString: string,
  env: Environment,
  problems: ConfigProblem[],
): StorageConfig | undefined {
  if (
    !/^UseDevelopmentStorage=true/i.test(connectionString) &&
    !/(?:^|;)(AccountName|BlobEndpoint)=/i.test(connectionString)
  ) {
    const expected = "expected AccountName=…;AccountKey=…, or UseDevelopmentStorage=true";
    return fault(problems, "DATA_STORAGE", `is no storage connection string: ${expected}`);
  }
  // Flex Consumption has no container scan: with a key there would be no source of blob events at all.
  if (env["WEBSITE_SKU"] === "FlexConsumption") {
    const remedy = "Set the three DATA_STORAGE__…ServiceUri settings instead";
    return fault(
      problems,
      "DATA_STORAGE",
      `is a connection string, but Flex Consumption needs an identity. ${remedy}.`,
    );
  }
  return { kind: "connectionString", connectionString };
}

const SERVICE_URIS = [
  "DATA_STORAGE__blobServiceUri",
  "DATA_STORAGE__tableServiceUri",
  "DATA_STORAGE__queueServiceUri",
] as const;

function identityStorage(
  settings: z.infer<typeof storageSettings>,
  problems: ConfigProblem[],
): StorageConfig | undefined {
  const [blobServiceUri, tableServiceUri, queueServiceUri] = SERVICE_URIS.map((name) => settings[name]);
  if (blobServiceUri && tableServiceUri && queueServiceUri) {
    const credential = settings.DATA_STORAGE__credential ? "managedIdentity" : "default";
    const clientId = settings.DATA_STORAGE__clientId;
    const uris = { blobServiceUri, tableServiceUri, queueServiceUri };
    return { kind: "identity", ...uris, credential, ...(clientId ? { clientId } : {}) };
  }
  const missing = SERVICE_URIS.filter((name) => !settings[name]);
  const where = missing.length === SERVICE_URIS.length ? "DATA_STORAGE" : missing.join(", ");
  const remedy = `Set DATA_STORAGE to a connection string, or all of ${SERVICE_URIS.join(", ")} to use an identity.`;
  return fault(problems, where, `is missing. ${remedy}`);
}

function authConfig(env: Environment, problems: ConfigProblem[]): DatabricksAuth | undefined {
  const settings = parse(authSettings, env, problems);
  if (!settings) return undefined;
  switch (settings.DATABRICKS_AUTH) {
    case "token":
      return { kind: "token", token: settings.DATABRICKS_TOKEN };
    case "managedIdentity": {
      const clientId = settings.DATABRICKS_AZURE_CLIENT_ID;
      return { kind: "managedIdentity", ...(clientId ? { clientId } : {}) };
    }
    case "default":
      return { kind: "default" };
    case "oauthM2M":
      return {
        kind: "oauthM2M",
        clientId: settings.DATABRICKS_CLIENT_ID,
        clientSecret: settings.DATABRICKS_CLIENT_SECRET,
      };
  }
}

function webhookConfig(env: Environment, problems: ConfigProblem[]): { user: string; password: string } | undefined {
  const settings = parse(webhookSettings, env, problems);
  const { DATABRICKS_WEBHOOK_USER: user, DATABRICKS_WEBHOOK_PASSWORD: password } = settings ?? {};
  if (user && password) return { user, password };
  if (settings && (user || password)) {
    const missing = user ? "DATABRICKS_WEBHOOK_PASSWORD" : "DATABRICKS_WEBHOOK_USER";
    return fault(problems, missing, "is missing. Set both settings of the Databricks webhook, or none.");
  }
  return undefined;
}

const SECRETS = [
  "DATA_STORAGE",
  "DATABRICKS_TOKEN",
  "DATABRICKS_CLIENT_SECRET",
  "DATABRICKS_WEBHOOK_PASSWORD",
  "OPENLINEAGE_API_KEY",
  "OTLP_HEADERS",
];

/** The platform hands on the reference itself when it cannot read the secret. Its text is long enough for a password, and no secret. */
function checkReferences(env: Environment, problems: ConfigProblem[]): void {
  const remedy =
    "Give the app's identity Key Vault Secrets User, check the secret's name and the vault's network, and restart the app";
  for (const name of SECRETS.filter((secret) => /^\s*@Microsoft\.KeyVault\(/i.test(env[secret] ?? "")))
    fault(problems, name, `is a Key Vault reference that was not resolved. ${remedy}.`);
}

/** Exports and frozen bytes have different readers, and a volume each. */
function checkContainers(general: z.infer<typeof generalSettings>, problems: ConfigProblem[]): void {
  if (general.BATCHES_CONTAINER !== general.RESULTS_CONTAINER) return;
  fault(
    problems,
    "RESULTS_CONTAINER",
    `is ${general.RESULTS_CONTAINER}, and so is BATCHES_CONTAINER: the two must differ`,
  );
}

/** Without the platform in front, anybody could send the header that names who signed in. */
function checkSignIn({ API_AUTH }: z.infer<typeof generalSettings>, env: Environment, problems: ConfigProblem[]): void {
  if (API_AUTH === "keys" || env["WEBSITE_AUTH_ENABLED"]?.toLowerCase() === "true") return;
  const message = "is easyAuth, but App Service Authentication is off: switch it on, or set API_AUTH to keys";
  fault(problems, "API_AUTH", message);
}

function fault(problems: ConfigProblem[], where: string, message: string): undefined {
  problems.push({ where, message });
  return undefined;
}

/** Parses one group and adds its faults. Values are never quoted: they may be secrets. */
function parse<T extends z.ZodType>(schema: T, env: Environment, problems: ConfigProblem[]): z.infer<T> | undefined {
  const parsed = schema.safeParse(env);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const name = String(issue.path[0] ?? "?");
    const verb = env[name] === undefined ? "is missing" : "is not valid";
    const wanted = expectation(schema, name) ?? issue.message;
    fault(
      problems,
      name,
      `${verb}: expected ${wanted.replace(/^expected /, "")}. Set it in the function app's settings or local.settings.json.`,
    );
  }
  return undefined;
}

function expectation(schema: z.ZodType, name: string): string | undefined {
  const objects = schema instanceof z.ZodDiscriminatedUnion ? schema.options : [schema];
  for (const object of objects) {
    const field = object instanceof z.ZodObject ? (object.shape[name] as z.ZodType | undefined) : undefined;
    const description = field === undefined ? "" : expected(field);
    if (description !== "") return description;
  }
  return undefined;
}
