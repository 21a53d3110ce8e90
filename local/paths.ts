import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

function findRoot(start: string): string {
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, "databricks.yml")) && existsSync(join(folder, "package.json"))) return folder;
  }
  throw new Error(`no checkout of Batchkeeper above ${start}`);
}

/** The checkout, whether this runs from `local/` or from `dist/local/`. */
export const REPO_ROOT = findRoot(__dirname);
/** The Python that the bootstrap made, with Spark, Delta and MLflow. */
export const PYTHON = join(REPO_ROOT, ".venv", "bin", "python");
/** Node 24, whatever the shell's own Node is. */
export const NODE = join(REPO_ROOT, "node_modules", ".bin", "node");
/** Where the local servers keep their state unless told otherwise. */
export const STATE_DIR = process.env["BATCHKEEPER_STATE"] ?? join(REPO_ROOT, ".batchkeeper");
