import type { z } from "zod";
import { OWN_FAULTS } from "../cli/fault";
import { PROBLEM_TYPES } from "../src/api/problem-types";
import { authSettings, expected, generalSettings, storageSettings, webhookSettings } from "../src/config/settings";
import { DEFINITION_FAULTS } from "../src/domain/messages/definition-faults";
import { DROP_REASONS } from "../src/domain/messages/drop-reasons";
import type { MessageEntry } from "../src/domain/messages/message";
import { DECLARED_RULE, FILE_RULES, ROW_RULES } from "../src/domain/messages/quarantine-rules";
import { CAUSES, RUN_CODES } from "../src/domain/messages/run-codes";
import { HEALTH_CHECKS, NEEDS } from "../src/domain/messages/standing";

/** docs/messages.md: everything that a person can meet, with what to do, made of the tables that the app answers by. */

const cell = (text: string): string => text.replaceAll("|", "\\|");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows.map((row) => row.map(cell))];
  return lines.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

const entries = (known: Readonly<Record<string, MessageEntry>>): string[][] =>
  Object.entries(known).map(([name, { meaning, remedy }]) => [`\`${name}\``, meaning, remedy]);

/** Every setting of the app with what is expected; those of a sign-in once. */
function settings(): string[][] {
  const shapes = [generalSettings.shape, storageSettings.shape, webhookSettings.shape];
  const signIn = authSettings.options.flatMap(({ shape }) => Object.entries(shape));
  const all = [...shapes.flatMap((shape) => Object.entries(shape)), ...signIn] as [string, z.ZodType][];
  const told = new Map<string, string>([["DATABRICKS_AUTH", "token, managedIdentity, default or oauthM2M"]]);
  for (const [name, type] of all) {
    if (!told.has(name)) told.set(name, expected(type));
  }
  return [...told].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => [`\`${name}\``, text]);
}

const SECTIONS: readonly (readonly [title: string, text: string, table: () => string])[] = [
  [
    "Errors of runs and steps",
    "`error.code` of a run, `verdict.code` of a step. A code that is not here is told by its cause, below.",
    () => table(["code", "meaning", "what to do"], entries(RUN_CODES)),
  ],
  ["Causes", "`verdict.cause` of a step.", () => table(["cause", "meaning", "what to do"], entries(CAUSES))],
  [
    "Drops",
    "`state` and `reason` of a drop.",
    () =>
      table(
        ["state", "reason", "meaning", "what to do"],
        DROP_REASONS.map(({ state, shown, meaning, remedy }) => [`\`${state}\``, shown, meaning, remedy]),
      ),
  ],
  [
    "Files and rows in quarantine",
    "`reason` of an item. The name of a field follows a colon.",
    () =>
      table(
        ["rule", "meaning", "what to do"],
        [...entries({ ...FILE_RULES, ...ROW_RULES }), ["any other", DECLARED_RULE.meaning, DECLARED_RULE.remedy]],
      ),
  ],
  [
    "Refusals of the API",
    "`type` of a problem, after `urn:batchkeeper:problem:`. The command line and the MCP tools tell the same.",
    () =>
      table(
        ["problem", "status", "title", "what to do"],
        Object.entries(PROBLEM_TYPES).map(([code, { status, title, remedy }]) => [
          `\`${code}\``,
          String(status),
          title,
          remedy,
        ]),
      ),
  ],
  [
    "Faults of the command itself",
    "`type` after `urn:batchkeeper:cli:`; with `--json` they come in the form of a problem.",
    () =>
      table(
        ["fault", "title", "what to do", "exit code"],
        Object.entries(OWN_FAULTS).map(([code, { title, remedy, exitCode }]) => [
          `\`${code}\``,
          title,
          remedy,
          String(exitCode),
        ]),
      ),
  ],
  [
    "Checks of the health",
    "`health`, `doctor`.",
    () => table(["check", "holds when", "what to do"], entries(HEALTH_CHECKS)),
  ],
  ["What needs a person", "`overview`.", () => table(["kind", "meaning", "what to do"], entries(NEEDS))],
  [
    "Faults of the configuration",
    "The app starts with none: it names every fault at once, in its log and at the end of the host's start. A setting is mended in the function app's settings or in " +
      "`local.settings.json`.",
    () => table(["setting", "expected"], settings()),
  ],
  [
    "Faults of a definition",
    "Told with those of the configuration, at a file and a place in it. `pipelines/pipeline.schema.json` shows most of them in the editor ([contracts](contracts.md), section 5).",
    () => table(["kind", "meaning", "what to do"], entries(DEFINITION_FAULTS)),
  ],
];

/** The page as text. */
export function messagesPage(): string {
  const sections = SECTIONS.map(([title, text, rows]) => `## ${title}\n\n${text}\n\n${rows()}\n`);
  const head =
    "# Messages\n\nEvery message that a person can meet, with its remedy. The API gives it as `remedy`, the command line prints it, the MCP tools return it, the console shows it.\n" +
    "`npm run messages` makes this page of the tables that they answer by (`src/domain/messages`, `src/api/problem-types.ts`).\n";
  return [head, ...sections].join("\n");
}

if (require.main === module) process.stdout.write(messagesPage());
