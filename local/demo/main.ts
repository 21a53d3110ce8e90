import { rmSync } from "node:fs";
import { join } from "node:path";
import { STATE_DIR } from "../paths";
import { Stack } from "../stack/stack";
import { bad, formatCount, formatSeconds, good, heading, line } from "./console";
import { type DemoOptions, parseOptions, USAGE } from "./options";
import { simulate } from "./simulate";
import { tellStory } from "./story";

const STARTED = Date.now();

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") {
    process.stdout.write(USAGE);
    return;
  }
  const stateDir = options.state ?? join(STATE_DIR, "demo");
  rmSync(stateDir, { recursive: true, force: true });
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => reject(new Error("interrupted")));
  });
  // Nobody may be waiting yet when Ctrl-C comes.
  interrupted.catch(() => undefined);
  await run(options, stateDir, interrupted);
}

async function run(options: DemoOptions, stateDir: string, interrupted: Promise<never>): Promise<void> {
  const { scenario } = options;
  const calendar = scenario.calendar(options);
  heading(
    `Batchkeeper on this machine: ${formatCount(options.size)} ${scenario.entities}, ${options.events ? "real events" : "simulated events"}`,
  );
  const filesDir = join(stateDir, "files");
  const simulation = simulate([...scenario.simulator(options, calendar), "--out", filesDir], () => undefined);
  const stackStarting = Stack.start({
    stateDir,
    memory: options.memory,
    pipelinesDir: scenario.pipelinesDir,
    times: { quietPeriodSeconds: 2, maxWaitSeconds: 120 },
  });
  const [stacked, simulated] = await Promise.allSettled([stackStarting, simulation]);
  if (stacked.status === "rejected") throw stacked.reason;
  const stack = stacked.value;
  try {
    if (simulated.status === "rejected") throw simulated.reason;
    good(
      `Azurite, local Databricks (${stack.databricks.url}) and functions host (${stack.functions.url}) are up; data made (${formatSeconds(Date.now() - STARTED)})`,
    );
    await Promise.race([tellStory({ stack, scenario, calendar, filesDir, stateDir }), interrupted]);
    good(`done in ${formatSeconds(Date.now() - STARTED)}`);
    if (options.keep) {
      line(`\n  Still up until Ctrl-C: ${stack.functions.url}/ and ${stack.databricks.url}/`);
      await interrupted.catch(() => undefined);
    }
  } finally {
    await stack.stop();
  }
}

main().catch((error: unknown) => {
  bad(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
