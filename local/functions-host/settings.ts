import { existsSync, readFileSync } from "node:fs";
import { HostError, messageOf } from "./log";

/** Section `Host` of `local.settings.json`. */
export interface LocalHostSettings {
  readonly LocalHttpPort?: number | string;
  readonly LocalHttpAddress?: string;
  /** Origins, parted by commas, or `*`. */
  readonly CORS?: string;
  readonly CORSCredentials?: boolean | string;
}

/** Reads `local.settings.json` into the environment; a variable that is already set wins. Returns the `Host` section. Throws HostError. */
export function loadLocalSettings(file: string, required: boolean): LocalHostSettings {
  if (!existsSync(file)) {
    if (required) throw new HostError(`settings file ${file} does not exist`);
    return {};
  }
  const parsed = readJson(file);
  if (parsed["IsEncrypted"] === true)
    throw new HostError(`${file}: "IsEncrypted" is true; encrypted settings are not supported, set it to false`);
  for (const [name, value] of Object.entries(section(parsed, "Values", file))) setDefault(name, value, file);
  for (const [name, value] of Object.entries(section(parsed, "ConnectionStrings", file)))
    setDefault(`ConnectionStrings:${name}`, value, file);
  return section(parsed, "Host", file);
}

const TEXT = '"(?:\\\\.|[^"\\\\])*"';
const COMMENT = new RegExp(`${TEXT}|//[^\\n\\r]*|/\\*[\\s\\S]*?\\*/`, "g");
const TRAILING_COMMA = new RegExp(`${TEXT}|,(?=\\s*[}\\]])`, "g");

/** Comments and trailing commas, which the real host takes, become blanks, so that a parser's line and column stay true. */
function withoutComments(text: string): string {
  const blank = (found: string): string => (found.startsWith('"') ? found : found.replace(/[^\n\r]/g, " "));
  return text.replace(COMMENT, blank).replace(TRAILING_COMMA, blank);
}

/** Parses a JSON object file; comments and trailing commas are allowed. Throws HostError with file, line and column. */
export function readJson(file: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(withoutComments(readFileSync(file, "utf8").replace(/^\uFEFF/, "")));
  } catch (error) {
    throw new HostError(`${file} is not valid JSON: ${messageOf(error)}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new HostError(`${file} must hold a JSON object`);
  return parsed as Record<string, unknown>;
}

function section(parsed: Record<string, unknown>, name: string, file: string): Record<string, unknown> {
  const value = parsed[name] ?? {};
  if (typeof value !== "object" || Array.isArray(value)) throw new HostError(`${file}: "${name}" must be an object`);
  return value as Record<string, unknown>;
}

function setDefault(name: string, value: unknown, file: string): void {
  if (name === "" || value === null || process.env[name] !== undefined) return;
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
    throw new HostError(`${file}: the value of "${name}" must be a string`);
  }
  process.env[name] = String(value);
}

/** Replaces every `%SETTING%` by the value of that environment variable. Throws HostError naming the setting and its user. */
export function resolveSettings(text: string, user: string): string {
  return text.replace(/%([^%]+)%/g, (_whole, name: string) => {
    const value = process.env[name];
    if (value === undefined || value === "")
      throw new HostError(`${user}: setting "${name}" (from "${text}") is not set`);
    return value;
  });
}

/** Whether `AzureWebJobs.<fn>.Disabled` (or its underscore form) is set. */
export function isDisabled(functionName: string): boolean {
  const value =
    process.env[`AzureWebJobs.${functionName}.Disabled`] ?? process.env[`AzureWebJobs_${functionName}_Disabled`];
  return value === "1" || value?.toLowerCase() === "true";
}

/** How a binding's `connection` reaches its account. */
export type Connection =
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "identity"; readonly uris: Readonly<Record<Service, string>>; readonly clientId?: string };

const SERVICES = ["blob", "queue", "table"] as const;
type Service = (typeof SERVICES)[number];

/**
 * The connection that a binding names: a connection string, or `<name>__blobServiceUri` and its siblings for a managed identity.
 * @throws HostError naming the setting
 */
export function connectionOf(connection: string | undefined, user: string): Connection {
  const name = connection === undefined || connection === "" ? "AzureWebJobsStorage" : connection;
  const text = process.env[name] ?? process.env[`AzureWebJobs${name}`] ?? process.env[`ConnectionStrings:${name}`];
  if (text) return { kind: "string", text };
  const part = (suffix: string): string => process.env[`${name}__${suffix}`] ?? "";
  const uris = { blob: part("blobServiceUri"), queue: part("queueServiceUri"), table: part("tableServiceUri") };
  const missing = SERVICES.filter((service) => uris[service] === "");
  if (missing.length === SERVICES.length)
    throw new HostError(
      `${user}: connection setting "${name}" is not set; the local host needs a connection string (for Azurite "UseDevelopmentStorage=true")`,
    );
  if (missing.length > 0)
    throw new HostError(
      `${user}: ${missing.map((service) => `${name}__${service}ServiceUri`).join(", ")} missing beside the other service of "${name}"`,
    );
  const clientId = part("clientId");
  return { kind: "identity", uris, ...(clientId ? { clientId } : {}) };
}
