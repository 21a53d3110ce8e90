import { existsSync } from "node:fs";
import { join } from "node:path";
import { say, seconds } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";
import { digest, isStamped, writeStamp } from "./stamps.mjs";

/** Archives Spark's classes in `.cache/spark-classes`, so that a driver JVM starts with a third less work. */
export async function ensureClassArchive(root) {
  const folder = join(root, ".cache", "spark-classes");
  const archive = join(folder, "spark.jsa");
  const stamp = join(folder, ".batchkeeper-stamp");
  const maker = join(root, "local", "databricks", "cluster", "class_archive.py");
  const value = digest([join(root, "requirements.txt"), join(root, "scripts", "bootstrap", "delta-jars.json"), maker], [root]);
  if (isStamped(stamp, value) && existsSync(archive)) return;
  const started = Date.now();
  say("Spark's classes: archiving them for quick starts (under a minute)");
  await runCommand("Spark's classes", join(root, ".venv", "bin", "python"), ["-W", "ignore", "-m", "cluster.class_archive", archive], {
    cwd: join(root, "local", "databricks"),
  });
  writeStamp(stamp, value);
  say(`Spark's classes: ready (${seconds(started)})`);
}
