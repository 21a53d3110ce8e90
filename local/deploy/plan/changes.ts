/** A value is hidden when its name, or what it refers to, is a secret's. */
const SECRET = /password|secret|token|connection_?string|key$/i;
/** Stands in a wanted value for what only the deployment works out; it equals everything. */
export const WORKED_OUT = "(worked out by the deployment)";

/** One thing that the next deployment would change. */
export interface Change {
  readonly part: "setting" | "definition" | "job" | "notebook";
  readonly name: string;
  readonly kind: "add" | "change" | "remove";
  readonly from?: string;
  readonly to?: string;
}

/** Names and texts of one part; a text that only the deployment knows is `WORKED_OUT`. */
export type Texts = ReadonlyMap<string, string>;

const shown = (name: string, text: string): string =>
  SECRET.test(name) || text.startsWith("@Microsoft.KeyVault") ? "(hidden)" : text;

/** What makes one side into the other, in the order of the names. What is only deployed is a change when `removes` says so. */
export function compare(
  part: Change["part"],
  wanted: Texts,
  deployed: Texts,
  removes: (name: string) => boolean = () => true,
): Change[] {
  const names = [...new Set([...wanted.keys(), ...deployed.keys()])].sort();
  return names.flatMap((name): Change[] => {
    const [to, from] = [wanted.get(name), deployed.get(name)];
    if (to === undefined)
      return from !== undefined && removes(name) ? [{ part, name, kind: "remove", from: shown(name, from) }] : [];
    if (from === undefined) return [{ part, name, kind: "add", to: shown(name, to) }];
    if (equal(to, from)) return [];
    return [{ part, name, kind: "change", from: shown(name, from), to: shown(name, to) }];
  });
}

/** Equal but for what is worked out. */
function equal(wanted: string, deployed: string): boolean {
  const parts = wanted.split(WORKED_OUT).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^]*")}$`).test(deployed);
}

/** Every leaf of a value by its path, such as `tasks[0].max_retries`; named items of a list by their name. */
export function leavesOf(value: unknown, path = ""): [string, string][] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => leavesOf(item, `${path}[${nameOf(item) ?? index}]`));
  }
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, item]) => leavesOf(item, path ? `${path}.${key}` : key));
  return [[path, String(value)]];
}

function nameOf(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const { task_key, job_cluster_key, name } = item as Record<string, unknown>;
  return [task_key, job_cluster_key, name].find((key): key is string => typeof key === "string");
}
