import { buildApplication, buildRouteMap, text_en, type Application, type Command, type RouteMap } from "@stricli/core";
import { OPERATIONS } from "../src/api/registry/operations";
import type { Operation } from "../src/api/registry/operation";
import { completionCommand } from "./commands/completion";
import { doctorCommand } from "./commands/doctor";
import { dropCommand } from "./commands/drop";
import { mcpCommand } from "./commands/mcp";
import { PROFILE_COMMANDS } from "./commands/profiles";
import { watchCommand } from "./commands/watch";
import type { CliContext } from "./context";
import { EXIT_CODES_TEXT } from "./exit-codes";
import { operationCommand } from "./operation-command";

type Routes = Record<string, Command<CliContext> | RouteMap<CliContext>>;

/** Commands that are more than one operation. */
const OWN_COMMANDS = (): Routes => ({
  watch: watchCommand,
  drop: dropCommand,
  doctor: doctorCommand,
  mcp: mcpCommand,
  profiles: buildRouteMap({ routes: PROFILE_COMMANDS, docs: { brief: "Deployments by name" } }),
  completion: completionCommand,
});

/** What a group of commands is about, where its name does not say it. */
const GROUPS: Readonly<Record<string, string>> = {
  pipelines: "What runs, and when",
  runs: "Ask for runs, look at them, cancel and retry",
  drops: "Files that arrived, and what became of them",
  models: "Model versions, their gate and their use",
  predictions: "What is most likely to fail",
  quarantine: "Drops, files and rows that were set aside",
};

/** The command line: every operation of the table, and a few commands made of several. */
export function buildCli(version: string, faultText: (error: unknown) => string): Application<CliContext> {
  return buildApplication(buildRouteMap({ routes: routes(), docs: docs() }), {
    name: "batchkeeper",
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { caseStyle: "convert-camel-to-kebab", disableAnsiColor: true },
    localization: { text: { ...text_en, exceptionWhileRunningCommand: faultText } },
  });
}

function docs() {
  return {
    brief: "Operate Batchkeeper: a deployment, or the one on this machine",
    fullDescription: `Operate Batchkeeper: a deployment, or the one on this machine.\nEvery command takes --json, --profile and --url. BATCHKEEPER_URL, BATCHKEEPER_KEY and BATCHKEEPER_TOKEN do as well.\n\n${EXIT_CODES_TEXT}`,
  };
}

/** Commands by their first word, groups below it. */
function routes(): Routes {
  const groups = new Map<string, Record<string, Command<CliContext>>>();
  const all: Routes = {};
  for (const operation of OPERATIONS) {
    const [first, second] = wordsOf(operation);
    if (first === undefined) continue;
    if (second === undefined) all[first] = operationCommand(operation);
    else groups.set(first, { ...groups.get(first), [second]: operationCommand(operation) });
  }
  for (const [name, commands] of groups)
    all[name] = buildRouteMap({ routes: commands, docs: { brief: GROUPS[name] ?? name } });
  return { ...all, ...OWN_COMMANDS() };
}

function wordsOf({ command }: Operation): readonly string[] {
  return (command ?? "").split(" ").filter(Boolean).map(routeName);
}

/** Routes are in camel case, as the scanner wants them; people type kebab case. */
function routeName(word: string): string {
  return word.replace(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}
