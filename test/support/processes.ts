import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Ids of the notebook processes that the local Databricks on this state folder has on record. */
export function notebookProcesses(stateDir: string): number[] {
  const folder = join(stateDir, "processes");
  const records = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => read(join(folder, name)));
  return records
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text) as { pid: number; role: string })
    .filter(({ role }) => role.startsWith("notebook run"))
    .map(({ pid }) => pid);
}
