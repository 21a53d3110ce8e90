import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildConsole, consoleSources } from "./console.mjs";
import { say, seconds } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";
import { digest, isStamped, writeStamp } from "./stamps.mjs";
import { ownNode } from "./own-node.mjs";

/** Compiles `src`, `cli` and `local` into `dist`, and makes the console, each when a source file changed. */
export async function ensureBuild(root) {
  await ensureCode(root);
  await ensureConsole(root);
}

async function ensureConsole(root) {
  const stamp = join(root, "dist", ".console-stamp");
  const lock = join(root, "node_modules", ".package-lock.json");
  const value = digest([join(root, "scripts", "bootstrap", "console.mjs"), lock, ...consoleSources(root)]);
  if (isStamped(stamp, value)) return;
  await buildConsole(root);
  writeStamp(stamp, value);
  say("build: the console is ready");
}

async function ensureCode(root) {
  const stamp = join(root, "dist", ".batchkeeper-stamp");
  const value = digest(
    [join(root, "tsconfig.json"), join(root, "tsconfig.build.json")],
    ["src", "cli", "local"].flatMap((folder) => sources(join(root, folder))),
  );
  if (isStamped(stamp, value)) return;
  const started = Date.now();
  say("build: compiling TypeScript");
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  await runCommand("build", ownNode(root), [tsc, "-p", "tsconfig.build.json"], {
    cwd: root,
  });
  writeStamp(stamp, value);
  say(`build: ready (${seconds(started)})`);
}

function sources(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => `${name}:${statSync(join(folder, name)).mtimeMs}`);
}
