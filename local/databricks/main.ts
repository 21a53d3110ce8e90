import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { STATE_DIR } from "../paths";
import { defined } from "./server/params";
import { startServer, type ServerOptions } from "./server/server";

const HELP = `Local Databricks: Jobs API 2.1 and 2.2 in front of notebooks on real Spark.

Usage: node dist/local/databricks/main.js [options]

  --port N               port on 127.0.0.1; 0 takes a free one (default 8790)
  --state DIR            state folder (default <BATCHKEEPER_STATE>/databricks)
  --token T              personal access token (default: kept in <state>/token; also DATABRICKS_TOKEN)
  --storage STRING       connection string of the storage behind the volumes (also DATA_STORAGE)
  --bundle DIR           folder of databricks.yml; its jobs are created or updated
  --target NAME          bundle target (default local, which may be absent)
  --var NAME=VALUE       bundle variable; may be repeated
  --faults FILE|JSON     fault rules, see POST /internal/faults
  --memory SIZE          heap of the driver JVM (default 4g)
  --tasks N              notebooks that run at the same time (default 2)
  --storage-retry-ms N   how long a storage outage is waited out (default 60000)
  --token-seconds N      life time of OAuth tokens (default 3600)
  --warm                 start the driver JVM with the server, not at the first run
  --controller COMMAND   another cluster controller, words separated by blanks
  --help                 this text
`;

const OPTIONS = {
  port: { type: "string", default: "8790" },
  state: { type: "string" },
  token: { type: "string" },
  storage: { type: "string" },
  bundle: { type: "string" },
  target: { type: "string" },
  var: { type: "string", multiple: true },
  faults: { type: "string" },
  memory: { type: "string" },
  tasks: { type: "string" },
  "storage-retry-ms": { type: "string" },
  "token-seconds": { type: "string" },
  controller: { type: "string" },
  warm: { type: "boolean" },
  help: { type: "boolean" },
} as const;

function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) throw new Error(`--${name} must be a whole number, got "${value}"`);
  return Number(value);
}

function readFaults(value: string | undefined): unknown {
  if (value === undefined) return undefined;
  const isFile = existsSync(value);
  try {
    return JSON.parse(isFile ? readFileSync(value, "utf8") : value) as unknown;
  } catch (cause) {
    throw new Error(`--faults: ${isFile ? `file ${value}` : "the value"} is not valid JSON`, { cause });
  }
}

function readVariables(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new Error(`--var must be NAME=VALUE, got "${pair}"`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function readOptions(): ServerOptions | "help" {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) return "help";
  return defined({
    port: wholeNumber("port", values.port) ?? 8790,
    stateDir: resolve(values.state ?? join(STATE_DIR, "databricks")),
    token: values.token ?? process.env["DATABRICKS_TOKEN"],
    storage: values.storage ?? process.env["DATA_STORAGE"],
    bundleDir: values.bundle === undefined ? undefined : resolve(values.bundle),
    target: values.target,
    variables: readVariables(values.var ?? []),
    faults: readFaults(values.faults),
    memory: values.memory,
    maxConcurrentTasks: wholeNumber("tasks", values.tasks),
    storageRetryMs: wholeNumber("storage-retry-ms", values["storage-retry-ms"]),
    tokenLifetimeSeconds: wholeNumber("token-seconds", values["token-seconds"]),
    controller: values.controller?.split(" "),
    warm: values.warm,
  });
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === "help") {
    process.stdout.write(HELP);
    return;
  }
  const log = (line: string): void => console.error(`${new Date().toISOString()} databricks ${line}`);
  const server = await startServer({ ...options, log });
  console.log(`Local Databricks listens on ${server.url}; token in ${join(options.stateDir, "token")}`);
  const stop = (): void => {
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log(`stopping failed: ${String(error)}`);
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  // Whoever started this server with an IPC channel takes it down with itself.
  process.once("disconnect", stop);
  process.send?.({ url: server.url, token: server.token });
}

main().catch((error: unknown) => {
  console.error(`databricks: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
