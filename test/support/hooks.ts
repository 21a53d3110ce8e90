import { spawnSync } from "node:child_process";
import { mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

export const ROOT = join(__dirname, "..", "..");
const FAKE = join(ROOT, "test", "support", "fake-cloud.mjs");
/** What azd puts into the environment: the outputs of main.bicep. */
const OUTPUTS = {
  AZURE_TENANT_ID: "tenant-a",
  AZURE_RESOURCE_GROUP: "rg-x",
  AZURE_KEY_VAULT_NAME: "kv-x",
  FUNCTION_APP_NAME: "func-x",
  FUNCTION_APP_HOST: "func-x.azurewebsites.net",
  APP_CLIENT_ID: "client-x",
  ACCESS_CONNECTOR_ID: "/subscriptions/s/connector",
  DATA_STORAGE_NAME: "stdatax",
  DATA_STORAGE_ID: "/subscriptions/s/stdatax",
  DATA_STORAGE_RESOURCE_GROUP: "rg-data",
  EVENT_GRID_TOPIC: "evgt-x",
  DATABRICKS_AZURE_RESOURCE_ID: "/subscriptions/s/workspace",
  DATABRICKS_HOST: "https://adb-1.2.azuredatabricks.net",
  DROPS_CONTAINER: "drops",
  BATCHES_CONTAINER: "batches",
  RESULTS_CONTAINER: "results",
  TABLES_CONTAINER: "tables",
  DEAD_LETTERS_CONTAINER: "deadletters",
  DATABRICKS_CATALOG: "cat",
  DATABRICKS_SCHEMA: "sch",
};
export type State = Record<string, Record<string, unknown>>;
export interface Call {
  readonly tool: string;
  readonly args: readonly string[];
}

export type Changes = Readonly<Record<string, string | undefined>>;

/** A folder with recording fakes of the tools, which keeps their calls and what they made. */
export function folderOfFakes(): string {
  const folder = mkdtempSync(join(tmpdir(), "bk-hook-"));
  for (const tool of ["az", "databricks", "npx"]) symlinkSync(FAKE, join(folder, tool));
  return folder;
}

/** Runs a hook with the environment of azd, some of it changed. */
export function runHook(hook: string, folder: string, changes: Changes = {}) {
  const path = [folder, dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter);
  const env = { ...OUTPUTS, PATH: path, FAKE_STATE: folder, BATCHKEEPER_RETRY_SECONDS: "0", ...changes };
  const { status, stdout, stderr } = spawnSync("sh", [join(ROOT, "infra", "hooks", `${hook}.sh`)], {
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}
