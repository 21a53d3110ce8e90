import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
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

/** A pipeline as the app shows it when its steps share a run. */
function shared(pipeline: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { sharedJob, steps } = pipeline as { sharedJob?: string; steps: { name: string; job: string }[] };
  return { ...pipeline, steps: steps.map(({ name, job }) => ({ name, job: sharedJob ?? job })) };
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

/** The jobs as the hook deploys them: of the bundle itself, or of its copy for other compute. */
function wantedJobs(root: string, target: string, compute: string, known: Record<string, string>): Texts {
  const variables = { ...Object.fromEntries(FROM_HOOKS.map((name) => [name, WORKED_OUT])), ...known };
  const read = (folder: string) => jobTexts([...readBundle(folder, { target, variables }).jobs.values()]);
  if (compute === "pool") return read(root);
  const copy = mkdtempSync(join(tmpdir(), "batchkeeper-bundle-"));
  try {
    const script = join(root, "scripts", "bundle.mjs");
    execFileSync(process.execPath, [script, "--compute", compute, "--out", copy], { stdio: "pipe" });
    return read(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Reads it from a checkout. @throws BundleError, BicepError */
export function wantedState(root: string, target: string, environment: NodeJS.ProcessEnv): State {
  const settings = new Map(bicepAppSettings(join(root, "infra")).map(({ name, value }) => [name, value ?? WORKED_OUT]));
  const folder = join(root, "pipelines");
  const definitions = readdirSync(folder)
    .filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Record<string, unknown>);
  const compute = environment["DATABRICKS_COMPUTE"] ?? "pool";
  const known = {
    catalog: environment["DATABRICKS_CATALOG"] ?? "batchkeeper",
    schema: environment["DATABRICKS_SCHEMA"] ?? "batchkeeper",
    job_name_prefix: environment["DATABRICKS_JOB_NAME_PREFIX"] ?? "",
    ...(compute === "existing" ? { existing_cluster_id: environment["DATABRICKS_CLUSTER_ID"] ?? WORKED_OUT } : {}),
  };
  return {
    settings,
    definitions: new Map(
      definitions.map((item) => [String(item["name"]), definitionText(compute === "shared" ? shared(item) : item)]),
    ),
    jobs: wantedJobs(root, target, compute, known),
    notebooks: notebookDigests(join(root, "notebooks")),
  };
}
