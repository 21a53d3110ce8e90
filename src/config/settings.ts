import { z } from "zod";
import { NOTIFICATION_FORMATS } from "../domain/notification/bodies";
import { TOPICS } from "../domain/notification/topics";

/** The app settings, as the environment names them. The description of each says what is expected and is printed when it is wrong. */

const setting = (description: string) => z.string().trim().min(1).meta({ description });
const container = (fallback: string) =>
  z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]$/)
    .default(fallback)
    .meta({ description: `a container name: 3 to 63 of a-z, 0-9 and single hyphens (default ${fallback})` });

/** What is expected of a setting, also of one that may be left out or is changed when it is read; empty when nothing is said. */
export function expected(type: z.ZodType): string {
  const { description } = type.meta() ?? {};
  if (description !== undefined) return description;
  if (type instanceof z.ZodOptional) return expected(type.unwrap() as z.ZodType);
  return type instanceof z.ZodPipe ? expected(type.in as z.ZodType) : "";
}

/** Settings that stand for themselves. */
export const generalSettings = z.object({
  DEPLOYMENT_ID: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/)
    .meta({
      description: "a name that no other deployment on the same Databricks workspace has: 1 to 32 of a-z, 0-9, hyphen",
    }),
  TASK_HUB: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9]{2,44}$/)
    .meta({
      description:
        "the task hub of Durable Functions, which host.json refers to: 3 to 45 letters and digits, and another one for every app on the same host storage",
    }),
  BATCHES_CONTAINER: container("batches"),
  RESULTS_CONTAINER: container("results"),
  LEDGER_TABLE_PREFIX: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9]{0,39}$/)
    .default("batchkeeper")
    .meta({ description: "1 to 40 letters and digits, beginning with a letter (default batchkeeper)" }),
  DATABRICKS_HOST: z.string().transform(normaliseHost).pipe(z.string().min(1)).meta({
    description:
      "the workspace URL, such as https://adb-1234567890123456.7.azuredatabricks.net; http:// only for this machine",
  }),
  DATABRICKS_CATALOG: setting("the catalog that the jobs write to, such as main"),
  DATABRICKS_SCHEMA: setting("the schema that the jobs write to, such as pdm"),
  DATABRICKS_VOLUME_ROOT: setting(
    "the folder under which the notebooks see the containers, such as /Volumes/main/pdm",
  ).transform((path) => path.replace(/\/+$/, "")),
  DATABRICKS_JOB_NAME_PREFIX: z
    .string()
    .default("")
    .meta({ description: "put before every job name, such as '[dev me] ' (default empty)" }),
  DATABRICKS_RUNS: z.enum(["step", "pipeline"]).default("step").meta({
    description:
      "step (a Databricks run for each step, the default) or pipeline (one run of the definition's sharedJob, whose tasks are the steps)",
  }),
  REQUESTS_PER_SECOND: z.coerce.number().positive().max(100).default(10).meta({
    description:
      "how many Databricks calls all processes together may make in a second: more than 0, at most 100 (default 10)",
  }),
  NOTIFICATION_WEBHOOK_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: "an http(s) URL that is told of every finished run" }),
  API_AUTH: z.enum(["keys", "easyAuth"]).default("keys").meta({
    description:
      "keys (function keys, the default) or easyAuth (App Service Authentication with the app roles reader, operator, admin)",
  }),
  MCP_TOOLS: z.enum(["none", "read", "all"]).default("read").meta({
    description:
      "which operations agents have as tools at /runtime/webhooks/mcp: none, read (those that change nothing, the default) or all",
  }),
  NOTIFICATION_FORMAT: z
    .enum(NOTIFICATION_FORMATS)
    .default("json")
    .meta({
      description: `the form of notifications: ${NOTIFICATION_FORMATS.join(", ")} (default json)`,
    }),
  NOTIFICATION_TOPICS: z
    .string()
    .default("all")
    .transform((text) => (text.trim() === "all" ? [...TOPICS] : text.split(",").map((topic) => topic.trim())))
    .pipe(z.array(z.enum(TOPICS)))
    .meta({ description: `all, or some of ${TOPICS.join(", ")}, with commas between (default all)` }),
  OPENLINEAGE_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({
      description: "an http(s) URL that takes OpenLineage events, such as https://marquez.example/api/v1/lineage",
    }),
  OPENLINEAGE_API_KEY: setting("the bearer token of the OpenLineage URL").optional(),
  OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({
      description:
        "an http(s) URL that takes OpenTelemetry traces by OTLP over HTTP in JSON, without /v1/traces, such as https://collector.example:4318",
    }),
  OTLP_HEADERS: z
    .string()
    .transform((text) => text.split(",").map((pair) => pair.split(/=(.*)/s).map((part) => part.trim())))
    .pipe(z.array(z.tuple([z.string().regex(/^[\w-]+$/), z.string().min(1)], z.string())))
    .transform((pairs) => Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value])))
    .optional()
    .meta({ description: "headers for OTLP_ENDPOINT, such as api-key=…, with commas between" }),
  PIPELINES_DIR: setting("a folder with pipeline definitions (default: pipelines/ of the app)").optional(),
});

/** Settings of the Databricks webhook: both or none. */
export const webhookSettings = z.object({
  DATABRICKS_WEBHOOK_USER: setting("the user name that Databricks sends to the webhook; set both or none").optional(),
  DATABRICKS_WEBHOOK_PASSWORD: z.string().min(12).optional().meta({
    description: "the password that Databricks sends to the webhook, at least 12 characters; set both or none",
  }),
});

/** Settings of the storage account, in the forms that a Functions connection has. */
export const storageSettings = z.object({
  DATA_STORAGE: setting("a connection string of the storage account").optional(),
  DATA_STORAGE__blobServiceUri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: "https://<account>.blob.core.windows.net" }),
  DATA_STORAGE__tableServiceUri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: "https://<account>.table.core.windows.net" }),
  DATA_STORAGE__queueServiceUri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: "https://<account>.queue.core.windows.net" }),
  DATA_STORAGE__credential: z
    .literal("managedidentity")
    .optional()
    .meta({ description: "managedidentity, or not set" }),
  DATA_STORAGE__clientId: setting("the client id of a user-assigned identity").optional(),
});

const AUTH_KINDS = "token, managedIdentity, default or oauthM2M";

/** How to sign in to Databricks: one form, with just the settings of that form. */
export const authSettings = z.discriminatedUnion(
  "DATABRICKS_AUTH",
  [
    z.object({
      DATABRICKS_AUTH: z.literal("token"),
      DATABRICKS_TOKEN: setting("a Databricks access token, since DATABRICKS_AUTH is token"),
    }),
    z.object({
      DATABRICKS_AUTH: z.literal("managedIdentity"),
      DATABRICKS_AZURE_CLIENT_ID: setting(
        "the client id of a user-assigned identity (not set: the system-assigned one)",
      ).optional(),
    }),
    z.object({ DATABRICKS_AUTH: z.literal("default") }),
    z.object({
      DATABRICKS_AUTH: z.literal("oauthM2M"),
      DATABRICKS_CLIENT_ID: setting(
        "the client id of a Databricks service principal, since DATABRICKS_AUTH is oauthM2M",
      ),
      DATABRICKS_CLIENT_SECRET: setting(
        "the OAuth secret of that service principal, since DATABRICKS_AUTH is oauthM2M",
      ),
    }),
  ],
  { error: `expected ${AUTH_KINDS}` },
);

/** Accepts a host without scheme; empty means unusable. A token never travels in the clear to another machine. */
function normaliseHost(value: string): string {
  const url = URL.parse(/^[a-z]+:\/\//i.test(value) ? value : `https://${value}`);
  if (!url || url.username || url.search || url.hash || url.pathname.replaceAll("/", "")) return "";
  const loopback = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && loopback) ? url.origin : "";
}
