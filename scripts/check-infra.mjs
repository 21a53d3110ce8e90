#!/usr/bin/env node
/**
 * Checks of infra/ and .github/ by public tools, which are too large for the set-up: Bicep by its grammar and by checkov, workflows and
 * forms by their schemas, hooks by shellcheck and by the grammar of PowerShell. The tools go into `.cache/check-infra`. What a machine has not got is named and counts as a fault.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const home = join(root, ".cache", "check-infra");
const tool = (name) => join(home, process.platform === "win32" ? "Scripts" : "bin", name);
const requirements = join(root, "scripts", "check-infra", "requirements.txt");

/** @returns whether it ended with 0 */
function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (error?.code === "ENOENT") console.error(`${command} is not installed`);
  return status === 0;
}

function installTools() {
  const stamp = join(home, ".stamp");
  const wanted = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.log("tools: installing (about a minute, 350 MB)");
  const made = run(process.env.PYTHON ?? "python3", ["-m", "venv", "--clear", home]);
  const flags = ["install", "--quiet", "--disable-pip-version-check", "--requirement", requirements];
  if (!made || !run(tool("pip"), flags)) throw new Error("the tools cannot be installed");
  writeFileSync(stamp, wanted);
}

const files = (folder, pattern) =>
  readdirSync(join(root, folder))
    .filter((name) => pattern.test(name))
    .sort()
    .map((name) => join(folder, name));
const schema = (name, paths) => () => run(tool("check-jsonschema"), ["--builtin-schema", name, ...paths]);
/** Its log is of checks that fail inside on conditions; the result is on standard output. */
const checkov = ["--config-file", "infra/.checkov.yaml", "--directory", "infra"];

const CHECKS = {
  "Bicep, syntax": () => run(tool("python"), ["scripts/check-infra/parse_bicep.py", "infra"]),
  "Bicep, checkov": () => run(tool("checkov"), checkov, { env: { ...process.env, LOG_LEVEL: "CRITICAL" } }),
  "hooks, PowerShell": () => run(tool("python"), ["scripts/check-infra/check_powershell.py", "infra/hooks"]),
  workflows: schema("vendor.github-workflows", files(".github/workflows", /\.yml$/)),
  dependabot: schema("vendor.dependabot", [".github/dependabot.yml"]),
  "issue forms": schema("vendor.github-issue-forms", files(".github/ISSUE_TEMPLATE", /^(?!config\.).*\.yml$/)),
  "issue choice": schema("vendor.github-issue-config", [".github/ISSUE_TEMPLATE/config.yml"]),
  "hooks, shellcheck": () => run("shellcheck", ["--shell=sh", "--external-sources", ...files("infra/hooks", /\.sh$/)]),
};

installTools();
const results = Object.entries(CHECKS).map(([name, check]) => {
  console.log(`\n${name}`);
  return [name, check()];
});
console.log("");
for (const [name, fine] of results) console.log(`${fine ? "ok    " : "failed"}  ${name}`);
process.exitCode = results.every(([, fine]) => fine) ? 0 : 1;
