import { ExitCode, proposeCompletions, run, type Application } from "@stricli/core";
import type { CliContext } from "./context";
import { EXIT } from "./exit-codes";
import { Fault } from "./fault";
import { faultText } from "./output/show";

/** Thrown faults come out of the framework as text; here they are kept whole. */
interface Outcome {
  fault?: Fault;
  interrupted?: boolean;
}

/** Runs one command line and returns its exit code. */
export async function runCli(
  build: (outcome: (error: unknown) => string) => Application<CliContext>,
  args: readonly string[],
  context: CliContext,
): Promise<number> {
  const outcome: Outcome = {};
  const application = build((error) => {
    if (error instanceof Fault) outcome.fault = error;
    else if (context.signal.aborted) outcome.interrupted = true;
    else return `batchkeeper: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    return "";
  });
  if (args[0] === "__complete") {
    const found = await proposeCompletions(application, args.slice(1), context);
    context.process.stdout.write(found.map(({ completion }) => `${completion}\n`).join(""));
    return EXIT.ok;
  }
  const quiet = { ...context, process: { ...streamsOf(context), exitCode: null } };
  await run(application, args.length > 0 ? args : ["--help"], quiet);
  if (outcome.interrupted) return EXIT.interrupted;
  if (outcome.fault) return tell(outcome.fault, args.includes("--json"), context);
  return exitCodeOf(quiet.process.exitCode);
}

function tell(fault: Fault, asJson: boolean, { process }: CliContext): number {
  if (asJson) process.stdout.write(`${JSON.stringify(fault.problem)}\n`);
  else process.stderr.write(faultText(process.stderr, fault));
  return fault.exitCode;
}

/** The framework ends a refusal of ours with an empty line, which says nothing. */
function streamsOf({ process: { stdout, stderr } }: CliContext) {
  const written = (text: string): void => {
    if (text.trim() !== "") stderr.write(text);
  };
  return { stdout, stderr: { write: written, isTTY: stderr.isTTY ?? false, columns: stderr.columns ?? 80 } };
}

function exitCodeOf(code: number | string | null | undefined): number {
  switch (code) {
    case ExitCode.UnknownCommand:
    case ExitCode.InvalidArgument:
      return EXIT.usage;
    default:
      return typeof code === "number" ? Math.abs(code) : EXIT.ok;
  }
}
