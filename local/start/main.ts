import { join } from "node:path";
import { parseArgs } from "node:util";
import { STATE_DIR } from "../paths";
import { portOf } from "../ports";
import { portBefore, Stack } from "../stack/stack";

const USAGE = `usage: npm start -- [options]

Serves storage, Databricks and the functions host on this machine until Ctrl-C. State is kept; the next start goes on with it.

  --state DIR        folder of the state (default .batchkeeper/start)
  --port N           port of the functions host (default 7071, or a free one when that is taken)
  --databricks-port N  port of the local Databricks (default the one of the last start, 8790, or a free one)
  --memory SIZE      heap of the Spark driver (default 3g)
  --quiet-period N   seconds without a new drop before a batch is collected (default 5)
  --help             this text
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      state: { type: "string", default: join(STATE_DIR, "start") },
      port: { type: "string" },
      "databricks-port": { type: "string" },
      memory: { type: "string", default: "3g" },
      "quiet-period": { type: "string", default: "5" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const stopping = new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
  const quietPeriodSeconds = Number(values["quiet-period"]);
  const stack = await Stack.start({
    stateDir: values.state,
    memory: values.memory,
    times: { quietPeriodSeconds, maxWaitSeconds: Math.max(60, 4 * quietPeriodSeconds) },
    ports: {
      functions: await portOf("--port", values.port, 7071),
      databricks: await portOf("--databricks-port", values["databricks-port"], portBefore(values.state) || 8790),
    },
  });
  process.stdout.write(
    [
      "",
      `Console     ${stack.functions.url}/`,
      `Functions   ${stack.functions.url}/api/health`,
      `Databricks  ${stack.databricks.url}/  (token ${stack.databricks.token})`,
      `Storage     ${stack.storage.connectionString}`,
      `State       ${values.state}`,
      "",
      "Put files into the container drops, for example what `npm run simulate -- --machines 100 --out DIR` makes. Ctrl-C ends all.",
      "",
    ].join("\n"),
  );
  await Promise.race([stopping, stack.functions.exited, stack.databricks.exited]);
  await stack.stop();
}

main().catch((error: unknown) => {
  process.stderr.write(`batchkeeper start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
