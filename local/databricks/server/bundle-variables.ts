import { isObject, type JsonObject } from "./params";
import { USER_NAME } from "./run-view";

/** A fault in `databricks.yml` or one of its resource files; the message names file and key. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/** A part of a bundle file that must be a mapping; `{}` when it is not there. */
export function section(values: JsonObject, key: string, file: string): JsonObject {
  const value = values[key] ?? {};
  if (!isObject(value)) throw new BundleError(`${file}: ${key}: must be a mapping`);
  return value;
}

/** Replaces `${…}` in every string below `value`; `trail` is the key for errors. */
export function interpolate(
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
  return value.replace(/\$\{([\w.-]+)\}/g, (reference, name: string) => {
    const found = resolveOne(name);
    if (typeof found !== "string" && typeof found !== "number" && typeof found !== "boolean")
      throw new BundleError(`${file}: ${trail}: ${reference} is no single value and must stand alone`);
    return String(found);
  });
}

/** Keys of a variable as it is declared; a target that gives others gives the value of a complex variable. */
const DECLARATION_KEYS = ["default", "description", "lookup", "type"];

function isComplex(declared: unknown, where: string): boolean {
  const type = isObject(declared) ? declared["type"] : undefined;
  if (type !== undefined && type !== "complex")
    throw new BundleError(`${where}.type: must be complex, not ${JSON.stringify(type)}`);
  return type === "complex";
}

/** The value of a variable: from outside, of the target, or its default. */
function variableValue(declared: unknown, override: unknown, given: string | undefined, where: string): unknown {
  const complex = isComplex(declared, where);
  if (given !== undefined) {
    if (complex) throw new BundleError(`${where}: a complex variable is set in a target only`);
    return given;
  }
  const chosen = override ?? declared;
  const isDeclaration = isObject(chosen) && Object.keys(chosen).every((key) => DECLARATION_KEYS.includes(key));
  const value = isDeclaration ? chosen["default"] : chosen;
  if (!complex && typeof value === "object" && value !== null)
    throw new BundleError(`${where}: a map or list needs type: complex`);
  return value;
}

/** Follows `b.c` of `${var.a.b.c}` into the value of `a`. */
function partOf(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((part, key) => (isObject(part) ? part[key] : undefined), value);
}

/** Finds what a reference such as `var.catalog` or `bundle.target` stands for; undefined when nothing does. */
export function variableLookUp(
  root: JsonObject,
  target: JsonObject,
  file: string,
  options: { readonly target: string; readonly variables: Readonly<Record<string, string>> },
): (name: string) => unknown {
  const declared = section(root, "variables", file);
  const overrides = section(target, "variables", file);
  const bundle = section(root, "bundle", file);
  const fixed: Record<string, unknown> = {
    "bundle.name": bundle["name"],
    "bundle.target": options.target,
    "workspace.current_user.userName": USER_NAME,
    "workspace.current_user.short_name": "local",
  };
  const values = new Map(
    Object.keys(declared).map((key) => [
      key,
      variableValue(declared[key], overrides[key], options.variables[key], `${file}: variables.${key}`),
    ]),
  );
  return (name) => {
    if (!name.startsWith("var.")) return fixed[name];
    const [key = "", ...path] = name.slice("var.".length).split(".");
    return partOf(values.get(key), path);
  };
}
