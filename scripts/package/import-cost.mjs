/** What it costs a fresh process to import the app, without a compile cache: the part of a cold start that is the app's. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { ownNode } from "../bootstrap/own-node.mjs";

const TRIES = 5;

/** Wall time and processor time of one process, in milliseconds. */
function runOnce(node, code, env) {
  const report = `process.on("exit", () => { const { user, system } = process.cpuUsage(); require("node:fs").writeSync(3, String((user + system) / 1000)); });`;
  const started = performance.now();
  const { status, stderr, output } = spawnSync(node, ["-e", `${report}${code}`], {
    env,
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const wall = performance.now() - started;
  if (status !== 0) throw new Error(`the package cannot be imported:\n${stderr}`);
  return { wall, cpu: Number(output[3]) };
}

/** The best of several processes, so that a busy machine weighs less. Settings are those of the sample: the import reads them. */
export function importCost(root, folder) {
  const own = ownNode(root);
  const node = existsSync(own) ? own : process.execPath;
  const { Values: settings } = JSON.parse(readFileSync(join(root, "local.settings.sample.json"), "utf8"));
  const env = { ...settings, PATH: process.env.PATH };
  const code = `require(${JSON.stringify(join(folder, "main.js"))})`;
  // In turns, so that both meet the same machine. The first of each warms the file cache and does not count.
  const pairs = Array.from({ length: TRIES + 1 }, () => [runOnce(node, "", env), runOnce(node, code, env)]).slice(1);
  const best = (side, key) => Math.min(...pairs.map((pair) => pair[side][key]));
  const figures = (side) => ({ wall: best(side, "wall"), cpu: best(side, "cpu") });
  return { empty: figures(0), app: figures(1) };
}
