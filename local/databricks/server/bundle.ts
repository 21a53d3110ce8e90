import { globSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { parseDocument } from "yaml";
import { normaliseSettings } from "./job-settings";
import { withPauseStatus } from "./job-triggers";
import { defined, isObject, without, type JsonObject } from "./params";
import { BundleError, interpolate, section, variableLookUp } from "./bundle-variables";
import type { JobSettings } from "./records";
import { USER_NAME } from "./run-view";

/** A bundle as it would stand in the workspace. */
export interface Bundle {
  /** Absolute, on this machine. */
  readonly folder: string;
  /** Where `folder` lies in the workspace. */
  readonly filesPath: string;
  /** Settings by resource key. */
  readonly jobs: ReadonlyMap<string, JobSettings>;
  /** What the target sets for all schedules and triggers. */
  readonly pauseStatus?: "PAUSED" | "UNPAUSED";
}

/** How to read a bundle. */
export interface BundleOptions {
  /** The default, `local`, stands for no target when the bundle has none of that name. */
  readonly target?: string;
  /** Values over the bundle's own for `${var.…}`. */
  readonly variables?: Readonly<Record<string, string>>;
}

function readYaml(file: string): JsonObject {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new BundleError(`${file}: cannot be read`, { cause });
  }
  const document = parseDocument(text, { merge: true });
  const [error] = document.errors;
  if (error) throw new BundleError(`${file}: ${error.message}`);
  const value: unknown = document.toJS();
  if (!isObject(value)) throw new BundleError(`${file}: must be a mapping`);
  return value;
}

function findTarget(root: JsonObject, file: string, name: string): JsonObject {
  const targets = section(root, "targets", file);
  if (!(name in targets) && name !== "local")
    throw new BundleError(`${file}: targets.${name}: no such target; known: ${Object.keys(targets).join(", ")}`);
  return section(targets, name, file);
}

/** Where the files of a bundle lie in the workspace, as the Databricks CLI uploads them. */
function filesPath(root: JsonObject, target: string): string {
  const { name } = section(root, "bundle", "databricks.yml");
  return `/Workspace/Users/${USER_NAME}/.bundle/${String(name)}/${target}/files`;
}

/** The workspace path of a notebook of the bundle, which has no extension; a notebook outside its folder keeps its path on this machine. */
function notebookPath(bundle: Bundle, file: string, path: string): string {
  if (path.startsWith("/Workspace/")) return path;
  // A bundle's path is relative to the file that holds it, as the Databricks CLI reads it.
  const absolute = resolve(dirname(file), path);
  const inside = relative(bundle.folder, absolute);
  if (inside.startsWith("..") || isAbsolute(inside)) return absolute;
  return `${bundle.filesPath}/${inside
    .split(sep)
    .join("/")
    .replace(/\.(py|sql|scala|r)$/i, "")}`;
}

/** What the target says about schedules and triggers: mode development pauses them, unless its presets say otherwise. */
function pauseStatus(target: JsonObject, file: string): "PAUSED" | "UNPAUSED" | undefined {
  const preset = section(target, "presets", file)["trigger_pause_status"];
  if (preset !== undefined && preset !== "PAUSED" && preset !== "UNPAUSED")
    throw new BundleError(`${file}: presets.trigger_pause_status must be PAUSED or UNPAUSED`);
  return preset ?? (target["mode"] === "development" ? "PAUSED" : undefined);
}

function makeJob(bundle: Bundle, key: string, job: unknown, file: string): JobSettings {
  const where = `resources.jobs.${key}`;
  if (!isObject(job)) throw new BundleError(`${file}: ${where}: must be a mapping`);
  const settings = without(job, "permissions");
  const tasks = Array.isArray(settings["tasks"]) ? (settings["tasks"] as unknown[]) : [];
  const located = tasks.map((task) => {
    const notebook = isObject(task) ? task["notebook_task"] : undefined;
    if (!isObject(task) || !isObject(notebook) || typeof notebook["notebook_path"] !== "string") return task;
    const path = notebookPath(bundle, file, notebook["notebook_path"]);
    return { ...task, notebook_task: { ...notebook, notebook_path: path } };
  });
  try {
    const made = normaliseSettings({ name: key, ...settings, tasks: located }, true);
    return bundle.pauseStatus ? withPauseStatus(made, bundle.pauseStatus) : made;
  } catch (cause) {
    throw new BundleError(`${file}: ${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/**
 * Reads the jobs of a bundle, as the Databricks CLI would deploy them but without a development prefix.
 *
 * @throws BundleError naming file and key
 */
export function readBundle(folder: string, options: BundleOptions = {}): Bundle {
  const rootFile = join(folder, "databricks.yml");
  const root = readYaml(rootFile);
  const name = options.target ?? "local";
  const target = findTarget(root, rootFile, name);
  const lookUp = variableLookUp(root, target, rootFile, { target: name, variables: options.variables ?? {} });
  const include = root["include"] ?? [];
  if (!Array.isArray(include) || !include.every((item) => typeof item === "string"))
    throw new BundleError(`${rootFile}: include: must be a list of paths`);
  const files = include
    .flatMap((pattern) => globSync(pattern, { cwd: folder }).sort())
    .map((file) => join(folder, file));
  const jobs = new Map<string, JobSettings>();
  const bundle = {
    folder: resolve(folder),
    filesPath: filesPath(root, name),
    jobs,
    ...defined({ pauseStatus: pauseStatus(target, rootFile) }),
  };
  for (const file of new Set([rootFile, ...files])) {
    const found = section(section(file === rootFile ? root : readYaml(file), "resources", file), "jobs", file);
    for (const [key, job] of Object.entries(found)) {
      if (jobs.has(key))
        throw new BundleError(
          `${file}: resources.jobs.${key}: defined twice (${relative(folder, file) || basename(file)})`,
        );
      jobs.set(key, makeJob(bundle, key, interpolate(job, lookUp, file, `resources.jobs.${key}`), file));
    }
  }
  return bundle;
}
