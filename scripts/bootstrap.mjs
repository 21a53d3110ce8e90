#!/usr/bin/env node
/**
 * Makes a fresh checkout ready: node_modules (with Node 24), .venv (with Spark and Java), Delta's jars, the archive of Spark's
 * classes, dist. Needs Node >= 20 and Python >= 3.11 and nothing else. Does nothing when all is in place; repairs a half-finished
 * set-up. With `--app` only what the app, its package and the commands of a deployment need: node_modules and dist.
 */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureBuild } from "./bootstrap/build.mjs";
import { ensureClassArchive } from "./bootstrap/class-archive.mjs";
import { ensureDeltaJars } from "./bootstrap/delta-jars.mjs";
import { withLock } from "./bootstrap/lock.mjs";
import { ensureNodeModules } from "./bootstrap/node-modules.mjs";
import { say, SetupError } from "./bootstrap/progress.mjs";
import { ensureVenv } from "./bootstrap/python.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const LOW_DISK_BYTES = 500e6;

/** To build, deploy and operate the app neither Python nor Spark is needed. */
const appOnly = process.argv.includes("--app");

async function ensureAll() {
  if (Number(process.versions.node.split(".")[0]) < 20)
    throw new SetupError(`Node 20 or newer is needed; this is ${process.version}`, "Install a newer Node.");
  const disk = statfsSync(root);
  if (disk.bavail * disk.bsize < LOW_DISK_BYTES)
    throw new SetupError("less than 500 MB of disk are free", "Free about 4 GB, then run the command again.");
  const python = appOnly
    ? Promise.resolve()
    : ensureVenv(root)
        .then(() => ensureDeltaJars(root))
        .then(() => ensureClassArchive(root));
  const results = await Promise.allSettled([ensureNodeModules(root), python]);
  const failed = results.filter((result) => result.status === "rejected");
  if (failed.length > 0) throw failed[0].reason;
  await ensureBuild(root);
}

try {
  await withLock(root, ensureAll);
} catch (error) {
  say(error instanceof SetupError ? error.message : String(error?.stack ?? error));
  process.exitCode = 1;
}
