import { startHost } from "./host";
import { HostError, log } from "./log";
import { HELP, parseOptions } from "./options";

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  const host = await startHost(options);
  let stopping = false;
  const stop = (signal: string): void => {
    // A second signal does not wait.
    if (stopping) process.exit(130);
    stopping = true;
    log("information", `${signal}: the host is stopping; durable waits go on at the next start`);
    void host.stop().then(() => process.exit(0));
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop(signal));
  if (options.exitWithStdin) process.stdin.resume().on("close", () => stop("end of standard input"));
}

process.on("unhandledRejection", (reason) =>
  log("error", `unhandled rejection: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`),
);
main().catch((error: unknown) => {
  log(
    "error",
    error instanceof HostError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error),
  );
  process.exit(1);
});
