import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { readBundle } from "../../databricks/server/bundle";
import { bicepAppSettings } from "../app-settings";
import { leavesOf, WORKED_OUT, type Texts } from "./changes";

/** What the next deployment would set. */
export interface State {
  readonly settings: Texts;
  readonly definitions: Texts;
  /** By `<job>: <path of the setting>`. */
  readonly jobs: Texts;
  /** Digest by path below `notebooks/`. */
  readonly notebooks: Texts;
}

/** Variables of the bundle that hooks find out; the others come from the environment of azd or the bundle's defaults. */
const FROM_HOOKS = ["app_client_id", "instance_pool_id", "notification_destination_id", "batches_url", "results_url"];

/** Leaves of a pipeline that the API shows of a deployed definition. */
export function definitionText(pipeline: Readonly<Record<string, unknown>>): string {
  const { schedule = null, timeZone = "UTC", concurrencyGroup, steps } = pipeline;
  const named = (steps as { name: string; job: string }[]).map(({ name, job }) => `${name}=${job}`);
  return JSON.stringify({ schedule, timeZone, concurrencyGroup, steps: named });
}

/** Digests of a folder's Python files. An export has no say about the last line's end. */
export function notebookDigests(folder: string): Texts {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && /\.(py|yml)$/.test(entry.name),
  );
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const text = readFileSync(path, "utf8").replaceAll("\r\n", "\n").trimEnd();
      const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
      return [relative(folder, path).split(sep).join("/"), digest];
    }),
  );
}

/** Leaves of jobs by job name; a notebook's path counts from the bundle's files. */
export function jobTexts(jobs: readonly Readonly<Record<string, unknown>>[]): Texts {
  return new Map(
    jobs.flatMap(({ name, ...settings }) =>
      leavesOf(settings).map(([path, text]): [string, string] => [
        `${String(name)}: ${path}`,
        path.endsWith("notebook_path") ? text.replace(/^.*\/files\//, "") : text,
      ]),
    ),
  );
}

/** Reads it from a checkout. @throws BundleError, BicepError */
export function wantedState(root: string, target: string, environment: NodeJS.ProcessEnv): State {
  const settings = new Map(bicepAppSettings(join(root, "infra")).map(({ name, value }) => [name, value ?? WORKED_OUT]));
  const folder = join(root, "pipelines");
  const definitions = readdirSync(folder)
    .filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Record<string, unknown>);
  const known = {
    catalog: environment["DATABRICKS_CATALOG"] ?? "batchkeeper",
    schema: environment["DATABRICKS_SCHEMA"] ?? "batchkeeper",
    job_name_prefix: environment["DATABRICKS_JOB_NAME_PREFIX"] ?? "",
  };
  const variables = { ...Object.fromEntries(FROM_HOOKS.map((name) => [name, WORKED_OUT])), ...known };
  return {
    settings,
    definitions: new Map(definitions.map((item) => [String(item["name"]), definitionText(item)])),
    jobs: jobTexts([...readBundle(root, { target, variables }).jobs.values()]),
    notebooks: notebookDigests(join(root, "notebooks")),
  };
}
