#!/usr/bin/env node
/**
 * Runs the notebooks' tests in a Spark Connect session, which is what serverless compute gives a notebook: `npm run check:connect`, or
 * with paths of tests behind `--`. The client's packages (45 MB) go into `.cache/check-connect`, beside what the set-up made.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const home = join(root, ".cache", "check-connect");
const python = join(root, ".venv", "bin", "python");
const requirements = join(root, "scripts", "check-connect", "requirements.txt");
/** The folders whose tests work on a session. */
const TESTS = [
  "delta",
  "features",
  "ingestion",
  "labels",
  "model",
  "monitoring",
  "presence",
  "scoring",
  "training_set",
];

function run(args, env = {}) {
  const { status } = spawnSync(python, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  return status ?? 1;
}

function installClient() {
  const stamp = join(home, ".stamp");
  const wanted = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  rmSync(home, { recursive: true, force: true });
  const flags = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", home];
  if (run(["-m", "pip", ...flags, "--requirement", requirements]) !== 0)
    throw new Error("the client cannot be installed");
  writeFileSync(stamp, wanted);
}

if (!existsSync(python)) throw new Error("run `npm run bootstrap` first");
installClient();
const [...asked] = process.argv.slice(2);
const tests = asked.length > 0 ? asked : TESTS.map((folder) => join("test", "python", folder));
process.exitCode = run(["-m", "pytest", "--connect", ...tests], { PYTHONPATH: home });
