import { existsSync } from "node:fs";
import { join } from "node:path";
import { say, seconds, SetupError } from "./progress.mjs";
import { runCommand } from "./run-command.mjs";
import { digest, isStamped, writeStamp } from "./stamps.mjs";
import { ownNode } from "./own-node.mjs";

/** Makes `node_modules` from the lock file, Node 24 included (npm package `node`). */
export async function ensureNodeModules(root) {
  const lock = join(root, "package-lock.json");
  const stamp = join(root, "node_modules", ".batchkeeper-stamp");
  const node = ownNode(root);
  const value = digest([lock]);
  if (isStamped(stamp, value) && existsSync(node)) return;
  const started = Date.now();
  say("node_modules: installing the locked npm packages, Node 24 among them (about a minute)");
  await runCommand("node_modules", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    // npm is a script on Windows.
    shell: process.platform === "win32",
    env: npmEnvironment(),
  });
  const version = (await runCommand("node_modules", node, ["--version"])).trim();
  if (!version.startsWith("v24.")) {
    throw new SetupError(
      `node_modules: expected Node 24 in node_modules/.bin, found ${version}`,
      "Delete node_modules and run the command again.",
    );
  }
  writeStamp(stamp, value);
  say(`node_modules: ready with Node ${version} (${seconds(started)})`);
}

/** Without what the surrounding `npm run` sets: its flags would reach this npm as unknown settings. */
function npmEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^npm_(config_|lifecycle_|package_)/i.test(name) || /^npm_config_(registry|cafile|.*proxy)$/i.test(name),
    ),
  );
}
