import { spawn } from "node:child_process";
import { join } from "node:path";
import { NODE, PYTHON, REPO_ROOT } from "../paths";

/**
 * `npm run bench`: the Spark stages (Python, in this folder), then the service (`service/`). `--only spark` and `--only service` run
 * one of them with its own options, `--only console` the pages in Chromium (`console/`), which run only when they are named; without it the options are those of the Spark stages, and the service has its default sizes.
 */
const SECTIONS = ["spark", "service"] as const;
const NAMED = [...SECTIONS, "console"] as const;
type Section = (typeof NAMED)[number];

const USAGE = `usage: npm run bench -- [--only spark|service|console] [options]

Without --only both sections run; then the options are those of the Spark stages, but --json is told to both.
npm run bench -- --only spark --help and npm run bench -- --only service --help tell the options of each.
`;

const nodeCommand = (folder: string): readonly [string, ...string[]] => [
  NODE,
  "--disable-warning=ExperimentalWarning",
  join(__dirname, folder, "main.js"),
];

const COMMANDS: Readonly<Record<Section, readonly [string, ...string[]]>> = {
  spark: [PYTHON, "-m", "bench"],
  service: nodeCommand("service"),
  console: nodeCommand("console"),
};

/** Takes `--only` out of the arguments. @throws Error that names what it may be */
function sectionsOf(args: readonly string[]): { sections: readonly Section[]; rest: readonly string[] } {
  const at = args.findIndex((arg) => arg === "--only" || arg.startsWith("--only="));
  if (at < 0) return { sections: SECTIONS, rest: args };
  const isPair = args[at] === "--only";
  const named = isPair ? args[at + 1] : args[at]?.slice("--only=".length);
  const section = NAMED.find((one) => one === named);
  if (!section) throw new Error(`--only must be one of ${NAMED.join(", ")}, not "${named ?? ""}"`);
  return { sections: [section], rest: args.toSpliced(at, isPair ? 2 : 1) };
}

/** Runs a section in this terminal; its exit code. SIGTERM is passed on, Ctrl-C reaches it by itself. */
async function run(section: Section, options: readonly string[]): Promise<number> {
  const [command, ...args] = COMMANDS[section];
  const env = { ...process.env, PYTHONPATH: join(REPO_ROOT, "local") };
  const child = spawn(command, [...args, ...options], { stdio: "inherit", env });
  const pass = (): void => void child.kill("SIGTERM");
  process.on("SIGTERM", pass);
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (exit) => resolve(exit ?? 1));
  });
  process.off("SIGTERM", pass);
  return code;
}

async function main(args: readonly string[]): Promise<number> {
  const { sections, rest } = sectionsOf(args);
  if (sections.length > 1 && (rest.includes("--help") || rest.includes("-h"))) {
    console.log(USAGE);
    return 0;
  }
  let worst = 0;
  for (const section of sections) {
    const options = sections.length > 1 && section === "service" ? rest.filter((arg) => arg === "--json") : rest;
    const code = await run(section, options);
    // A section that was interrupted or given a wrong option ends the bench; a missed bar does not hide the next section.
    if (code > 1) return code;
    worst = Math.max(worst, code);
  }
  return worst;
}

// Ctrl-C goes to the section as well, which ends by itself.
process.on("SIGINT", () => undefined);
main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  },
);
