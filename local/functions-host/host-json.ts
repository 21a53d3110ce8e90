import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { HostError } from "./log";
import { readJson, resolveSettings } from "./settings";

const KNOWN_KEYS = new Set(
  `version functionTimeout retry functions watchDirectories watchFiles logging aggregator healthMonitor extensionBundle managedDependencies customHandler
   httpWorker extensions concurrency singleton queues serviceBus eventHub http sendCanceledInvocationsToWorker metadataProviderTimeout telemetryMode $schema`.split(
    /\s+/,
  ),
);

const count = z.number().int().positive();
const HostJson = z.looseObject({
  version: z.literal("2.0", { error: 'must be "2.0"' }),
  functionTimeout: z.string().optional(),
  functions: z.array(z.string()).optional(),
  extensions: z
    .looseObject({
      http: z.looseObject({ routePrefix: z.string().optional() }).optional(),
      blobs: z
        .looseObject({ maxDegreeOfParallelism: count.optional(), poisonBlobThreshold: count.optional() })
        .optional(),
      durableTask: z
        .looseObject({
          hubName: z.string().optional(),
          maxConcurrentActivityFunctions: count.optional(),
          maxConcurrentOrchestratorFunctions: count.optional(),
          defaultVersion: z.string().optional(),
          overridableExistingInstanceStates: z.string().optional(),
        })
        .optional(),
    })
    .optional(),
});

/** What this host takes from host.json. */
export interface HostConfig {
  readonly routePrefix: string;
  readonly hubName: string;
  readonly maxConcurrentActivities: number;
  readonly maxConcurrentOrchestrators: number;
  readonly defaultVersion: string | undefined;
  readonly blobParallelism: number;
  readonly poisonBlobThreshold: number;
  /** Names of the functions to serve; undefined = all. */
  readonly functions: readonly string[] | undefined;
  readonly warnings: readonly string[];
}

/** Reads and checks host.json. `AzureFunctionsJobHost__path__to__key` variables override it. Throws HostError with the file and the key. */
export function loadHostJson(appDir: string): HostConfig {
  const file = join(appDir, "host.json");
  if (!existsSync(file)) throw new HostError(`${file} does not exist: --app must name the folder of a function app`);
  const raw = readJson(file);
  applyOverrides(raw);
  const parsed = HostJson.safeParse(raw);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `"${issue.path.join(".")}" ${issue.message}`);
    throw new HostError(`${file}: ${faults.join("; ")}`);
  }
  const { extensions, functions } = parsed.data;
  const durable = extensions?.durableTask;
  const hubName = resolveSettings(
    durable?.hubName ?? process.env["WEBSITE_SITE_NAME"] ?? "TestHubName",
    `${file}: extensions.durableTask.hubName`,
  );
  if (!/^[A-Za-z][A-Za-z0-9]{2,44}$/.test(hubName)) {
    throw new HostError(
      `${file}: extensions.durableTask.hubName "${hubName}" must begin with a letter and hold 3 to 45 letters and digits`,
    );
  }
  return {
    routePrefix: (extensions?.http?.routePrefix ?? "api").replace(/^\/+|\/+$/g, ""),
    hubName,
    maxConcurrentActivities: durable?.maxConcurrentActivityFunctions ?? 10,
    maxConcurrentOrchestrators: durable?.maxConcurrentOrchestratorFunctions ?? 50,
    defaultVersion: durable?.defaultVersion,
    blobParallelism: extensions?.blobs?.maxDegreeOfParallelism ?? 8,
    poisonBlobThreshold: extensions?.blobs?.poisonBlobThreshold ?? 5,
    functions,
    warnings: Object.keys(raw)
      .filter((key) => !KNOWN_KEYS.has(key))
      .map((key) => `${file}: unknown key "${key}" is ignored`),
  };
}

function applyOverrides(raw: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(process.env)) {
    const [head, ...path] = name.split("__");
    if (head !== "AzureFunctionsJobHost" || path.length === 0 || value === undefined) continue;
    let target = raw;
    for (const key of path.slice(0, -1)) target = (target[key] ??= {}) as Record<string, unknown>;
    target[path.at(-1) ?? ""] = /^(true|false|-?\d+)$/i.test(value)
      ? (JSON.parse(value.toLowerCase()) as unknown)
      : value;
  }
}
