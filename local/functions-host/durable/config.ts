import type { ConfigReader } from "../config-reader";
import { HostError } from "../log";
import { resolveSettings } from "../settings";
import type { VersionRules } from "./version";

/** Section `extensions.durableTask`. */
export interface DurableConfig {
  readonly hubName: string;
  readonly maxConcurrentActivities: number;
  readonly maxConcurrentOrchestrators: number;
  readonly versions: VersionRules;
  /** Whether `startNew` may replace an instance that still runs. */
  readonly overridesRunning: boolean;
  /** Whether console lines show inputs and outputs instead of their length. */
  readonly tracesPayloads: boolean;
  /** Whether console lines are repeated on replay. */
  readonly tracesReplays: boolean;
}

const SECTION = "extensions.durableTask";
const LEAST_HUB_NAME = 3;
const MOST_HUB_NAME = 45;

/** Reads the section. `file` is named in errors. Throws HostError when a hub name that was chosen cannot be one. */
export function readDurableConfig(reader: ConfigReader, file: string): DurableConfig {
  const key = (name: string): string => `${SECTION}.${name}`;
  const limit = (name: string): number | undefined => reader.count(key(name), 1, Number.MAX_SAFE_INTEGER);
  // State is in the state folder, whatever storage is named; a backend that behaves otherwise than Azure Storage is told of.
  reader.acceptIf(key("storageProvider.type"), "AzureStorage");
  for (const name of ["connectionName", "connectionStringName"]) reader.text(key(`storageProvider.${name}`));
  const defaultVersion = reader.text(key("defaultVersion"));
  const match = reader.oneOf(key("versionMatchStrategy"), ["None", "Strict", "CurrentOrOlder"]);
  return {
    hubName: readHubName(reader, file),
    maxConcurrentActivities: limit("maxConcurrentActivityFunctions") ?? 10,
    maxConcurrentOrchestrators: limit("maxConcurrentOrchestratorFunctions") ?? 50,
    versions: {
      defaultVersion,
      // An app without versions has nothing to compare with.
      match: match ?? (defaultVersion === undefined ? "None" : "CurrentOrOlder"),
      failure: reader.oneOf(key("versionFailureStrategy"), ["Reject", "Fail"]) ?? "Reject",
    },
    overridesRunning:
      reader.oneOf(key("overridableExistingInstanceStates"), ["NonRunningStates", "AnyState"]) === "AnyState",
    tracesPayloads: reader.flag(key("tracing.traceInputsAndOutputs")) ?? false,
    tracesReplays: reader.flag(key("tracing.traceReplayEvents")) ?? false,
  };
}

function readHubName(reader: ConfigReader, file: string): string {
  const path = `${SECTION}.hubName`;
  const chosen = reader.text(path);
  if (chosen === undefined) return sanitisedHubName(process.env["WEBSITE_SITE_NAME"] ?? "TestHubName");
  const name = resolveSettings(chosen, `${file}: ${path}`);
  if (/^[A-Za-z][A-Za-z0-9]{2,44}$/.test(name)) return name;
  throw new HostError(`${file}: ${path} "${name}" must begin with a letter and hold 3 to 45 letters and digits`);
}

/** A default is nobody's choice, so it is made to fit, as the Durable extension does. */
export function sanitisedHubName(siteName: string): string {
  const letters = siteName.replace(/[^A-Za-z0-9]/g, "");
  if (letters === "") return "DefaultTaskHub";
  const name = (/^\d/.test(letters) ? `t${letters}` : letters).slice(0, MOST_HUB_NAME);
  return name.length < LEAST_HUB_NAME ? `${name}Hub` : name;
}
