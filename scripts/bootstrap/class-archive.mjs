import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { say, seconds } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";
import { digest, isStamped, writeStamp } from "./stamps.mjs";

/**
 * Puts into `.cache/spark-classes` what a driver JVM takes beside its jars: the local file system, compiled from `local/databricks/java`,
 * and an archive of Spark's classes, with which the JVM starts with a third less work.
 */
export async function ensureClassArchive(root) {
  const folder = join(root, ".cache", "spark-classes");
  const jar = join(folder, "file-system.jar");
  const stamp = join(folder, ".batchkeeper-stamp");
  const databricks = join(root, "local", "databricks");
  const sources = join(databricks, "java", "batchkeeper");
  const made = [
    join(root, "requirements.txt"),
    join(root, "scripts", "bootstrap", "delta-jars.json"),
    ...["class_archive.py", "file_system.py"].map((name) => join(databricks, "cluster", "spark", name)),
    ...readdirSync(sources)
      .sort()
      .map((name) => join(sources, name)),
  ];
  const value = digest(made, [root]);
  if (isStamped(stamp, value) && existsSync(jar) && readdirSync(folder).some((name) => name.endsWith(".jsa"))) return;
  const started = Date.now();
  say("Spark's classes: archiving them for quick starts (under a minute)");
  // The archive holds for the jars that it was made with, so an old one goes first.
  rmSync(folder, { recursive: true, force: true });
  for (const command of [["cluster.spark.file_system", jar], ["cluster.spark.class_archive"]])
    await runCommand("Spark's classes", join(root, ".venv", "bin", "python"), ["-W", "ignore", "-m", ...command], {
      cwd: databricks,
    });
  writeStamp(stamp, value);
  say(`Spark's classes: ready (${seconds(started)})`);
}
