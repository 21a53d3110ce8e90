import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseDocument } from "yaml";
import { normaliseSettings } from "./job-settings";
import { isObject, without, type JsonObject } from "./params";
import type { JobSettings } from "./records";
import { USER_NAME } from "./run-view";

/** A fault in `databricks.yml` or one of its resource files; the message names file and key. */
export class BundleError extends Error {
  override readonly name = "BundleError";
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

function section(values: JsonObject, key: string, file: string): JsonObject {
  const value = values[key] ?? {};
  if (!isObject(value)) throw new BundleError(`${file}: ${key}: must be a mapping`);
  return value;
}

/** Replaces `${…}` in every string below `value`; `trail` is the key for errors. */
function interpolate(
  value: unknown,
  lookUp: (name: string) => unknown,
  file: string,
  trail: string,
  depth = 0,
): unknown {
  if (depth > 50) throw new BundleError(`${file}: ${trail}: references form a cycle`);
  if (Array.isArray(value))
    return value.map((item, index) => interpolate(item, lookUp, file, `${trail}[${index}]`, depth));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        interpolate(item, lookUp, file, trail === "" ? key : `${trail}.${key}`, depth),
      ]),
    );
  }
  if (typeof value !== "string") return value;
  const resolveOne = (name: string): unknown => {
    const found = lookUp(name);
    if (found === undefined) throw new BundleError(`${file}: ${trail}: unknown reference \${${name}}`);
    return interpolate(found, lookUp, file, trail, depth + 1);
  };
  const whole = /^\$\{([\w.-]+)\}$/.exec(value)?.[1];
  if (whole !== undefined) return resolveOne(whole);
  return value.replace(/\$\{([\w.-]+)\}/g, (_match, name: string) => String(resolveOne(name)));
}

function findTarget(root: JsonObject, file: string, name: string): JsonObject {
  const targets = section(root, "targets", file);
  if (!(name in targets) && name !== "local")
    throw new BundleError(`${file}: targets.${name}: no such target; known: ${Object.keys(targets).join(", ")}`);
  return section(targets, name, file);
}

function variableLookUp(
  root: JsonObject,
  target: JsonObject,
  file: string,
  options: BundleOptions,
): (name: string) => unknown {
  const declared = section(root, "variables", file);
  const overrides = section(target, "variables", file);
  const bundle = section(root, "bundle", file);
  const fixed: Record<string, unknown> = {
    "bundle.name": bundle["name"],
    "bundle.target": options.target ?? "local",
    "workspace.current_user.userName": USER_NAME,
    "workspace.current_user.short_name": "local",
  };
  return (name) => {
    if (!name.startsWith("var.")) return fixed[name];
    const key = name.slice("var.".length);
    if (!(key in declared)) return undefined;
    const given = options.variables?.[key] ?? overrides[key] ?? declared[key];
    return isObject(given) ? given["default"] : given;
  };
}

function makeJob(key: string, job: unknown, file: string): JobSettings {
  const where = `resources.jobs.${key}`;
  if (!isObject(job)) throw new BundleError(`${file}: ${where}: must be a mapping`);
  const settings = without(job, "permissions");
  const tasks = Array.isArray(settings["tasks"]) ? (settings["tasks"] as unknown[]) : [];
  const located = tasks.map((task) => {
    const notebook = isObject(task) ? task["notebook_task"] : undefined;
    if (!isObject(task) || !isObject(notebook) || typeof notebook["notebook_path"] !== "string") return task;
    // A bundle's path is relative to the file that holds it, as the Databricks CLI reads it.
    return {
      ...task,
      notebook_task: { ...notebook, notebook_path: resolve(dirname(file), notebook["notebook_path"]) },
    };
  });
  try {
    return normaliseSettings({ name: key, ...settings, tasks: located }, true);
  } catch (cause) {
    throw new BundleError(`${file}: ${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/**
 * Reads the jobs of a bundle, as the Databricks CLI would deploy them but without a development prefix.
 *
 * @returns settings by resource key
 * @throws BundleError naming file and key
 */
export function readBundle(folder: string, options: BundleOptions = {}): Map<string, JobSettings> {
  const rootFile = join(folder, "databricks.yml");
  const root = readYaml(rootFile);
  const lookUp = variableLookUp(root, findTarget(root, rootFile, options.target ?? "local"), rootFile, options);
  const include = root["include"] ?? [];
  if (!Array.isArray(include) || !include.every((item) => typeof item === "string"))
    throw new BundleError(`${rootFile}: include: must be a list of paths`);
  const files = include
    .flatMap((pattern) => globSync(pattern, { cwd: folder }).sort())
    .map((file) => join(folder, file));
  const jobs = new Map<string, JobSettings>();
  for (const file of new Set([rootFile, ...files])) {
    const found = section(section(file === rootFile ? root : readYaml(file), "resources", file), "jobs", file);
    for (const [key, job] of Object.entries(found)) {
      if (jobs.has(key))
        throw new BundleError(
          `${file}: resources.jobs.${key}: defined twice (${relative(folder, file) || basename(file)})`,
        );
      jobs.set(key, makeJob(key, interpolate(job, lookUp, file, `resources.jobs.${key}`), file));
    }
  }
  return jobs;
}
