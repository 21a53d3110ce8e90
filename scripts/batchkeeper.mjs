#!/usr/bin/env node
/**
 * The command `batchkeeper`: sets the checkout up when needed, then hands over to a compiled or Python entry point on the Node and
 * Python that the set-up made. What it does not know itself is a command of `cli/`, which operates a deployment.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownNode } from "./bootstrap/own-node.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = ownNode(root);
const python = join(root, ".venv", "bin", "python");
const script = (path) => [node, "--disable-warning=ExperimentalWarning", join(root, "dist", "local", path)];
const module = (name) => [python, "-m", name];

const COMMANDS = {
  demo: ["the guided run, from the history of 100 machines to their scores", script("demo/main.js")],
  start: ["storage, Databricks and functions host on this machine, until Ctrl-C", script("start/main.js")],
  functions: ["the embedded Functions host alone", script("functions-host/main.js")],
  databricks: ["the local Databricks alone", script("databricks/main.js")],
  simulate: ["machines and their data files", module("simulator")],
  bench: ["the timings: Spark as ratios in one run, and the service", script("bench/main.js")],
  "simulate-faults": [
    "random schedules of faults, in one process on a virtual clock",
    script("fault-simulator/main.js"),
  ],
  deploy: [
    "deploy plan: what the next deployment to Azure would change, and which open runs it meets",
    script("deploy/main.js"),
  ],
  explore: ["one failure from near, as an HTML page, from the tables of the last demo", module("explore")],
  new: ["the files of a new scenario: new scenario NAME", module("scaffold")],
  evaluate: ["the quality of the models, beside the baselines", module("evaluate")],
};

const OPERATE = script("../cli/main.js");

function usage() {
  const lines = Object.entries(COMMANDS).map(([name, [text]]) => `  ${name.padEnd(17)}${text}`);
  return `On this machine\n\n${lines.join("\n")}\n\nbatchkeeper <command> --help tells its options.\n\nA deployment, or the one on this machine\n\n`;
}

/** Needs neither Python nor Spark. */
const APP_ONLY = ["deploy"];

function setUp(...flags) {
  const ready = spawnSync(process.execPath, [join(root, "scripts", "bootstrap.mjs"), ...flags], { stdio: "inherit" });
  if (ready.status !== 0) process.exit(ready.status ?? 1);
}

const [name, ...rest] = process.argv.slice(2);
if (name in COMMANDS) {
  setUp(...(APP_ONLY.includes(name) ? ["--app"] : []));
  run(COMMANDS[name][1], rest);
} else {
  // Whoever operates a deployment needs no Spark: only a checkout that was never built is set up.
  if (!existsSync(OPERATE.at(-1)) || !existsSync(node)) setUp("--app");
  if (!name || name === "--help" || name === "-h") process.stdout.write(usage());
  run(OPERATE, process.argv.slice(2));
}

/** npm passes a signal to its shell, which ends without passing it on: the servers would outlive the command. */
function endWithParent(child) {
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    child.kill("SIGTERM");
  }, 500);
  look.unref();
}

function run([command, ...args], options) {
  // The child shares the terminal, so Ctrl-C reaches it; this process only waits for its exit code.
  const environment = { ...process.env, PYTHONPATH: join(root, "local") };
  const child = spawn(command, [...args, ...options], { stdio: "inherit", env: environment });
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  if (process.env["npm_lifecycle_event"]) endWithParent(child);
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}
