import { existsSync } from "node:fs";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { join } from "node:path";
import { ConfigReader } from "./config-reader";
import { readDurableConfig } from "./durable/config";
import type { DurableConfig } from "./durable/config";
import { HostError, messageOf, parseLogLevel } from "./log";
import type { LogLevel } from "./log";
import { readJson } from "./settings";

const KNOWN_KEYS = new Set(
  `version functiontimeout retry functions watchdirectories watchfiles logging aggregator healthmonitor extensionbundle manageddependencies customhandler
   httpworker extensions concurrency singleton queues servicebus eventhub http sendcanceledinvocationstoworker metadataprovidertimeout telemetrymode $schema`.split(
    /\s+/,
  ),
);
/** Sections that say something about Azure alone: telemetry, and where its extensions come from. */
const MEANT_FOR_AZURE = ["extensionBundle", "managedDependencies", "logging.applicationInsights", "logging.console"];
const ANY = Number.MAX_SAFE_INTEGER;
const DEFAULT_TIMEOUT_MS = 30 * 60_000;

/** Section `extensions.http`. */
export interface HttpConfig {
  readonly routePrefix: string;
  /** Requests that may be queued or running; beyond it they are answered with 429. */
  readonly maxOutstandingRequests: number;
  readonly maxConcurrentRequests: number;
  readonly customHeaders: ReadonlyMap<string, string>;
}

/** Section `extensions.queues`; times in milliseconds. */
export interface QueueConfig {
  readonly batchSize: number;
  readonly newBatchThreshold: number;
  readonly maxDequeueCount: number;
  readonly maxPollingIntervalMs: number;
  /** How long a message whose function failed stays hidden. */
  readonly visibilityTimeoutMs: number;
  readonly messageEncoding: "base64" | "none";
}

/** Section `extensions.mcp`. */
export interface McpConfig {
  readonly serverName: string;
  readonly serverVersion: string;
  readonly instructions: string | undefined;
}

/** What this host takes from host.json. */
export interface HostConfig {
  /** Milliseconds that an invocation may take; Infinity = no limit. */
  readonly functionTimeoutMs: number;
  readonly logLevels: ReadonlyMap<string, LogLevel>;
  readonly http: HttpConfig;
  readonly blobs: { readonly parallelism: number; readonly poisonThreshold: number };
  readonly queues: QueueConfig;
  readonly durable: DurableConfig;
  readonly mcp: McpConfig;
  /** Names of the functions to serve; undefined = all. */
  readonly functions: readonly string[] | undefined;
  /** What is set and has no effect here. */
  readonly warnings: readonly string[];
}

/** Reads and checks host.json. `AzureFunctionsJobHost__path__to__key` variables override it. Throws HostError with the file and every wrong key. */
export function loadHostJson(appDir: string): HostConfig {
  const file = join(appDir, "host.json");
  if (!existsSync(file)) throw new HostError(`${file} does not exist: --app must name the folder of a function app`);
  const reader = new ConfigReader(readJson(file));
  applyOverrides(reader);
  if (reader.text("version") !== "2.0") reader.fault("version", 'must be "2.0"');
  const config = {
    functionTimeoutMs: readTimeout(reader),
    functions: reader.texts("functions"),
    logLevels: readLogLevels(reader),
    http: readHttp(reader),
    blobs: {
      parallelism: reader.count("extensions.blobs.maxDegreeOfParallelism", 1, ANY) ?? 8,
      poisonThreshold: reader.count("extensions.blobs.poisonBlobThreshold", 1, ANY) ?? 5,
    },
    queues: readQueues(reader),
    durable: readDurableConfig(reader, file),
    mcp: {
      serverName: reader.text("extensions.mcp.serverName") ?? "Azure Functions MCP server",
      serverVersion: reader.text("extensions.mcp.serverVersion") ?? "1.0.0",
      instructions: reader.text("extensions.mcp.instructions"),
    },
  };
  for (const section of MEANT_FOR_AZURE) reader.section(section);
  if (reader.faults.length > 0) throw new HostError(`${file}: ${reader.faults.join("; ")}`);
  const warnings = reader.unread().map((path) => {
    const top = path.split(".")[0]?.toLowerCase() ?? "";
    return KNOWN_KEYS.has(top)
      ? `${file}: "${path}" has no effect in this host`
      : `${file}: unknown key "${path}" is ignored`;
  });
  return { ...config, warnings };
}

/** Variables are named with `__` or `:` between the keys. */
function applyOverrides(reader: ConfigReader): void {
  for (const [name, value] of Object.entries(process.env)) {
    const [head, ...path] = name.split(/__|:/);
    if (head?.toLowerCase() === "azurefunctionsjobhost" && path.length > 0 && value !== undefined)
      reader.override(path.join("."), value);
  }
}

function readTimeout(reader: ConfigReader): number {
  if (reader.text("functionTimeout") === "-1") return Infinity;
  return reader.timeSpan("functionTimeout", 1000) ?? DEFAULT_TIMEOUT_MS;
}

function readLogLevels(reader: ConfigReader): ReadonlyMap<string, LogLevel> {
  const levels = new Map<string, LogLevel>();
  for (const [category, text] of reader.section("logging.logLevel")) {
    const level = parseLogLevel(text);
    if (level) levels.set(category, level);
    else reader.fault(`logging.logLevel.${category}`, `must be a log level such as Information, not "${text}"`);
  }
  return levels;
}

function readHttp(reader: ConfigReader): HttpConfig {
  // -1 = without limit, as in Azure.
  const limit = (key: string): number => {
    const value = reader.count(`extensions.http.${key}`, -1, ANY) ?? -1;
    return value === -1 ? Infinity : value;
  };
  return {
    routePrefix: (reader.text("extensions.http.routePrefix") ?? "api").replace(/^\/+|\/+$/g, ""),
    maxOutstandingRequests: limit("maxOutstandingRequests"),
    maxConcurrentRequests: limit("maxConcurrentRequests"),
    customHeaders: readHeaders(reader),
  };
}

function readHeaders(reader: ConfigReader): ReadonlyMap<string, string> {
  const headers = reader.section("extensions.http.customHeaders");
  for (const [name, value] of headers) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (error) {
      reader.fault(`extensions.http.customHeaders.${name}`, `is no HTTP header: ${messageOf(error)}`);
    }
  }
  return headers;
}

function readQueues(reader: ConfigReader): QueueConfig {
  const key = (name: string): string => `extensions.queues.${name}`;
  const batchSize = reader.count(key("batchSize"), 1, 32) ?? 16;
  return {
    batchSize,
    newBatchThreshold: reader.count(key("newBatchThreshold"), 0, ANY) ?? Math.floor(batchSize / 2),
    maxDequeueCount: reader.count(key("maxDequeueCount"), 1, ANY) ?? 5,
    // As in the real host when it runs in development: two seconds instead of a minute.
    maxPollingIntervalMs: readPollingInterval(reader, key("maxPollingInterval")) ?? 2000,
    visibilityTimeoutMs: reader.timeSpan(key("visibilityTimeout"), 0) ?? 0,
    messageEncoding: reader.oneOf(key("messageEncoding"), ["base64", "none"]) ?? "base64",
  };
}

/** Version 1 of the extension took milliseconds, later ones take a time span; apps have both. */
function readPollingInterval(reader: ConfigReader, path: string): number | undefined {
  return /^\d+$/.test(reader.text(path) ?? "") ? reader.count(path, 100, ANY) : reader.timeSpan(path, 100);
}
