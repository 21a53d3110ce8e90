import { buildCommand } from "@stricli/core";
import type { RunView } from "../../src/api/runs/views";
import { COMMON_FLAGS, clientOf, type CommonFlags } from "../common-flags";
import type { CliContext } from "../context";
import { EXIT, EXIT_CODES_TEXT } from "../exit-codes";
import { followRun } from "../follow-run";
import { showRun } from "../output/run";

type Flags = CommonFlags & { readonly interval?: number };

/** Follows a run to its end. */
export const watchCommand = buildCommand<Flags, [string], CliContext>({
  docs: {
    brief: "Follow a run to its end",
    fullDescription: `Follow a run to its end. On a terminal the line of the step at work is live; in a pipe every change is a line.\n\nExamples\n  batchkeeper watch scoring-20151116t063000-1a2b3c4d\n\n${EXIT_CODES_TEXT}`,
  },
  parameters: {
    flags: {
      ...COMMON_FLAGS,
      interval: {
        kind: "parsed",
        parse: Number,
        optional: true,
        placeholder: "seconds",
        brief: "between two looks (default 2)",
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "id of a run", placeholder: "runId", parse: String }],
    },
  },
  async func({ interval, ...flags }, runId) {
    const run = await followRun(this, clientOf(this, flags), runId, { interval, quiet: flags.json ?? false });
    tellEnd(this, run, flags.json ?? false);
  },
});

/** Shows the run at its end; a run that did not do its work ends the command with 1. */
export function tellEnd(context: CliContext, run: RunView, asJson: boolean): void {
  if (asJson) context.process.stdout.write(`${JSON.stringify(run)}\n`);
  else showRun(context.process.stdout, run);
  const isWell = run.state === "succeeded" || run.state === "nothing_to_do";
  if (!isWell) context.process.exitCode = EXIT.notWell;
}
