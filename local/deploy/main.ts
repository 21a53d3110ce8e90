import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { REPO_ROOT } from "../paths";
import { deployedState, realTool } from "./plan/deployed";
import { makePlan, writePlan } from "./plan/plan";
import { wantedState } from "./plan/wanted";

const HELP = `What the next deployment would change against what is deployed: settings, definitions, jobs, notebooks, and the open runs that it meets.
It reads and changes nothing. Needs az and databricks, signed in, and the environment of azd.

usage: batchkeeper deploy plan [--target prod] [--files FOLDER] [--json]

  --target NAME    target of the bundle (default BUNDLE_TARGET, else prod)
  --files FOLDER   folder of the bundle's files in the workspace (default .bundle/batchkeeper/<target>/files in BUNDLE_FOLDER, else in your own)
  --json           the plan as JSON

Ends with 0 when nothing changes, with 2 when something does, with 1 when it cannot tell.`;

/** What azd keeps of the deployment; variables of this process win. */
function azdEnvironment(): NodeJS.ProcessEnv {
  if (process.env["FUNCTION_APP_NAME"]) return process.env;
  const text = execFileSync("azd", ["env", "get-values", "--output", "json"], { encoding: "utf8" });
  return { ...(JSON.parse(text) as Record<string, string>), ...process.env };
}

function need(environment: NodeJS.ProcessEnv, name: string): string {
  const value = environment[name];
  if (!value) throw new Error(`${name} is missing in the environment of azd: run 'azd env refresh', or 'azd up' first`);
  return value;
}

/** As the hook has it. */
function bundleFolder(environment: NodeJS.ProcessEnv): string {
  const me = () =>
    (JSON.parse(realTool("databricks", ["current-user", "me", "-o", "json"])) as { userName: string }).userName;
  return environment["BUNDLE_FOLDER"] || `/Workspace/Users/${me()}`;
}

async function plan(args: readonly string[]): Promise<number> {
  const options = { target: { type: "string" }, files: { type: "string" }, json: { type: "boolean" } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const environment = azdEnvironment();
  const target = values.target ?? environment["BUNDLE_TARGET"] ?? "prod";
  const wanted = wantedState(REPO_ROOT, target, environment);
  // Both tools sign in as the hooks do.
  process.env["DATABRICKS_HOST"] = need(environment, "DATABRICKS_HOST");
  process.env["DATABRICKS_AUTH_TYPE"] ??= "azure-cli";
  const workspace = environment["DATABRICKS_AZURE_RESOURCE_ID"];
  if (workspace) process.env["DATABRICKS_AZURE_RESOURCE_ID"] ??= workspace;
  const place = {
    group: need(environment, "AZURE_RESOURCE_GROUP"),
    app: need(environment, "FUNCTION_APP_NAME"),
    api: `https://${need(environment, "FUNCTION_APP_HOST")}`,
    files: values.files ?? join(bundleFolder(environment), ".bundle/batchkeeper", target, "files"),
    jobNames: [...new Set([...wanted.jobs.keys()].map((name) => name.split(": ")[0] ?? ""))],
  };
  const { state, runs } = await deployedState(place, realTool);
  const made = makePlan(wanted, state, runs);
  process.stdout.write(`${values.json ? JSON.stringify(made, undefined, 2) : writePlan(made)}\n`);
  return made.changes.length === 0 ? 0 : 2;
}

async function main([verb, ...rest]: readonly string[]): Promise<number> {
  if (verb === "plan" && !rest.includes("--help")) return plan(rest);
  const asked = verb === "plan" || verb === "--help" || verb === undefined;
  process.stdout.write(asked ? `${HELP}\n` : `batchkeeper deploy: no command ${verb}\n`);
  return asked ? 0 : 1;
}

main(process.argv.slice(2))
  .then((code) => process.exit(code))
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
