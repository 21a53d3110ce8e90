#!/usr/bin/env node
/**
 * Lays out in dist/app what is deployed: the compiled app, host.json, the definitions and production dependencies. The checkout keeps
 * its development dependencies, which `npm prune` there would take away.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, "dist", "app");
const PARTS = ["dist/src", "pipelines", "host.json", "package.json", "package-lock.json", ".npmrc"];

const missing = PARTS.filter((part) => !existsSync(join(root, part)));
if (missing.length > 0) throw new Error(`${missing.join(", ")} not found: run 'npm run build' first`);
rmSync(target, { recursive: true, force: true });
for (const part of PARTS)
  cpSync(join(root, part), join(target, part), { recursive: true, filter: (path) => !path.endsWith(".map") });

if (!process.argv.includes("--no-install")) {
  // Scripts of packages are not needed at run time: the only one fetches Node itself, for development.
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const flags = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"];
  const { status } = spawnSync(npm, flags, { cwd: target, stdio: "inherit", shell: process.platform === "win32" });
  process.exitCode = status ?? 1;
}
