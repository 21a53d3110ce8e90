import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { NODE, REPO_ROOT } from "../paths";
import { Site } from "./site";
import { tryAll, writeTable } from "./table";
import { trialsOn } from "./trials";

const HELP = `Rehearses a deployment on this machine: the package in the embedded host with the settings that infra/ gives it,
storage and workspace by managed identity, Event Grid, keys, the workspace's webhook, client credentials. Starts no job.

usage: npm run rehearse [-- options]

  --set NAME=VALUE   another value of an app setting; may be repeated
  --help             this text

Ends with 0 when all is in order, with 1 otherwise.`;

function settingsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new Error(`--set must be NAME=VALUE, not "${pair}"`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { set: { type: "string", multiple: true }, help: { type: "boolean" } } });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  const instead = settingsOf(values.set ?? []);
  const folder = mkdtempSync(join(tmpdir(), "batchkeeper-rehearsal-"));
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  try {
    // What is deployed is this folder, packed.
    execFileSync(NODE, [join(REPO_ROOT, "scripts", "package.mjs"), "--no-import", "--out", folder], { stdio: "pipe" });
    const site = await Site.prepare(folder);
    try {
      const rows = await tryAll(trialsOn(site, join(folder, "app"), instead), ({ what, state }) => {
        process.stderr.write(`  ${state.padEnd(12)}${what}\n`);
        stop.signal.throwIfAborted();
      });
      process.stdout.write(`${writeTable(rows)}\n`);
      return rows.every(({ state }) => state === "ok") ? 0 : 1;
    } finally {
      await site.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main()
  .then((code) => process.exit(code))
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
