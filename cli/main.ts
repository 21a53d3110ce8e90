import { setTimeout as pause } from "node:timers/promises";
import { appVersion } from "../src/config/app-version";
import { buildCli } from "./application";
import { runCli } from "./run-cli";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
const { signal } = interrupted;
const version = appVersion(__dirname);

void runCli((faultOf) => buildCli(version, faultOf), process.argv.slice(2), {
  process: { stdout: process.stdout, stderr: process.stderr },
  env: process.env,
  version,
  fetch,
  sleep: async (ms) => pause(ms, undefined, { signal }).catch(() => undefined),
  signal,
}).then((code) => {
  process.exitCode = code;
});
