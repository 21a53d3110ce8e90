#!/usr/bin/env node
/**
 * Runs the suites, or the named ones (`npm test -- unit notebooks`), in three lanes, and ends with `N passed, N failed`.
 * A linter counts as one test.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, "node_modules", ".bin", name);
const python = join(root, ".venv", "bin", "python");
const node = bin("node");
const reports = mkdtempSync(join(tmpdir(), "batchkeeper-test-"));
// Tests start many short-lived JVMs over little data: optimised code costs them more than it returns.
const javaOptions = `${process.env.JDK_JAVA_OPTIONS ?? ""} -XX:TieredStopAtLevel=1`.trim();
const path = `${join(root, "node_modules", ".bin")}:${process.env.PATH}`;
const environment = { ...process.env, PATH: path, NO_COLOR: "1", JDK_JAVA_OPTIONS: javaOptions };
// Any value of it forces colours in some of what runs here, even 0.
delete environment.FORCE_COLOR;

const check = (...command) => ({
  command,
  label: command.slice(1, 4).join(" ").replaceAll(root, "."),
  count: (code) => ({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 }),
});
const jest = (project) => {
  const report = join(reports, `${project}.json`);
  const flags = ["--disable-warning=ExperimentalWarning", "--experimental-vm-modules"];
  const command = [
    node,
    ...flags,
    bin("jest"),
    "--selectProjects",
    project,
    "--json",
    `--outputFile=${report}`,
    "--ci",
    "--silent=false",
  ];
  if (project !== "unit") command.push("--runInBand");
  return { command, count: (code) => countJest(report, code) };
};

const pytest = (label, ...flags) => {
  const report = join(reports, `${label}.xml`);
  return {
    command: [python, "-m", "pytest", `--junitxml=${report}`, ...flags],
    label,
    count: (code) => countPytest(report, code),
  };
};
/** The tests of each folder in a process and a driver JVM of their own, and one for all others: so the lanes share them. */
const pytestByFolder = (all, folders) => {
  const paths = folders.map((folder) => `${all}/${folder}`);
  const alone = paths.map((path, index) => pytest(folders[index], path));
  return [...alone, pytest("others", ...paths.map((path) => `--ignore=${path}`))];
};

const SUITES = {
  lint: [
    check(node, bin("tsc"), "--noEmit", "-p", "tsconfig.json"),
    check(node, bin("tsc"), "--noEmit", "-p", "console/tsconfig.json"),
    check(node, bin("tsc"), "--noEmit", "-p", "test/console/tsconfig.json"),
    check(node, bin("eslint"), "."),
    check(node, bin("prettier"), "--check", "--log-level=warn", "."),
    check(python, "-m", "ruff", "check", "--quiet", "."),
    check(python, "-m", "ruff", "format", "--check", "--quiet", "."),
    check(python, "-m", "mypy", "--no-error-summary"),
  ],
  unit: [jest("unit")],
  conformance: [jest("conformance")],
  integration: [jest("integration")],
  console: [jest("console")],
  e2e: [jest("e2e")],
  drill: [jest("drill")],
  faults: [
    check(node, join(root, "dist", "local", "fault-simulator", "main.js"), "--runs", "1000"),
    check(node, join(root, "dist", "local", "fault-simulator", "main.js"), "--real", "--runs", "10"),
  ],
  notebooks: pytestByFolder("test/python", ["ingestion", "features"]),
  slow: [pytest("slow", "-m", "slow")],
};
// The long ones first, so that two cores have work to the end: Spark in two lanes, and in a third what waits for most of its time.
const ORDER = ["lint", "conformance", "notebooks", "e2e", "console", "unit", "drill", "integration", "faults", "slow"];
const LANES = 3;

function countJest(report, code) {
  try {
    const result = JSON.parse(readFileSync(report, "utf8"));
    const unloadable = result.numRuntimeErrorTestSuites;
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests + unloadable,
      skipped: result.numPendingTests,
    };
  } catch {
    return { passed: 0, failed: code === 0 ? 0 : 1 };
  }
}

function countPytest(report, code) {
  try {
    const text = readFileSync(report, "utf8");
    const number = (name) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(text)?.[1] ?? 0);
    const failed = number("failures") + number("errors");
    return { passed: number("tests") - failed - number("skipped"), failed, skipped: number("skipped") };
  } catch {
    return { passed: 0, failed: code === 0 ? 0 : 1 };
  }
}

function run(name, { command, count, label }) {
  const started = Date.now();
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), {
      cwd: root,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on(
        "line",
        (line) => line.startsWith('{"numFailedTestSuites"') || console.log(`[${name}] ${line}`),
      );
    }
    child.on("close", (code) => {
      const result = count(code);
      // A runner that broke without a failed test to show for it is a failure all the same.
      if (code !== 0 && result.failed === 0) result.failed = 1;
      console.log(
        `[${name}]${label ? ` ${label}` : ""}: ${result.passed} passed, ${result.failed} failed (${((Date.now() - started) / 1000).toFixed(0)} s)`,
      );
      resolve(result);
    });
  });
}

/** Takes one part after the other from the queue that all lanes share. */
async function runLane(queue) {
  const results = [];
  for (let next = queue.shift(); next; next = queue.shift()) results.push(await run(next.name, next.part));
  return results;
}

/** Minutes of real Spark: arrival orders, interruptions and the whole chain of notebooks. */
const ON_REQUEST = ["slow"];
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in SUITES));
if (unknown.length > 0) {
  console.error(`no suite ${unknown.join(", ")}; there are ${Object.keys(SUITES).join(", ")}`);
  process.exit(2);
}
const ready = spawnSync(process.execPath, [join(root, "scripts", "bootstrap.mjs")], { stdio: "inherit" });
if (ready.status !== 0) process.exit(ready.status ?? 1);
const queue = ORDER.filter((name) =>
  chosen.length === 0 ? !ON_REQUEST.includes(name) : chosen.includes(name),
).flatMap((name) => SUITES[name].map((part) => ({ name, part })));
const results = (await Promise.all(Array.from({ length: LANES }, () => runLane(queue)))).flat();
rmSync(reports, { recursive: true, force: true });
const sum = (key) => results.reduce((total, result) => total + (result[key] ?? 0), 0);
const skipped = sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : "";
console.log(`${sum("passed")} passed, ${sum("failed")} failed${skipped}`);
process.exitCode = sum("failed") === 0 && sum("passed") > 0 ? 0 : 1;
