import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { say, seconds, SetupError } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";
import { sha256 } from "./stamps.mjs";

/**
 * Puts Delta's jars into `.cache/delta-jars`, fetched by Spark's own package resolution and held against `delta-jars.json`.
 * The check runs every time: it costs 30 ms and finds a truncated jar.
 */
export async function ensureDeltaJars(root) {
  const folder = join(root, ".cache", "delta-jars");
  const { coordinates, sha256: expected } = JSON.parse(
    readFileSync(join(root, "scripts", "bootstrap", "delta-jars.json"), "utf8"),
  );
  if (faults(folder, expected).length === 0) return;
  const started = Date.now();
  say(`Delta's jars: fetching ${coordinates} by Spark's package resolution`);
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const code =
    "import sys, pathlib; from cluster.spark.delta_jars import resolve_packages; resolve_packages(sys.argv[1], pathlib.Path(sys.argv[2]))";
  await runCommand(
    "Delta's jars",
    join(root, ".venv", "bin", "python"),
    ["-W", "ignore", "-c", code, coordinates, fresh],
    {
      cwd: join(root, "local", "databricks"),
    },
  );
  const wrong = faults(fresh, expected);
  if (wrong.length > 0)
    throw new SetupError(
      `Delta's jars are not the locked ones: ${wrong.join(", ")}`,
      "Do not go on: a repository or a proxy serves other bytes than were locked.",
    );
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  say(`Delta's jars: ready, checksums agree (${seconds(started)})`);
}

function faults(folder, expected) {
  const present = existsSync(folder) ? readdirSync(folder) : [];
  const wrong = Object.entries(expected).filter(
    ([name, sum]) => !present.includes(name) || sha256(join(folder, name)) !== sum,
  );
  return [...wrong.map(([name]) => name), ...present.filter((name) => !(name in expected))];
}
