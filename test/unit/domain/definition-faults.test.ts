import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPO_ROOT } from "../../../local/paths";
import { loadDefinitions } from "../../../src/definitions-folder";
import { DEFINITION_FAULTS, type DefinitionFaultKind } from "../../../src/domain/messages/definition-faults";
import { parseDefinitions } from "../../../src/domain/parse-definitions";
import { withRunsPer } from "../../../src/domain/shared-job";
import { ConfigError } from "../../../src/errors";

type Part = Record<string, unknown>;
type Change = (definition: Part, drops: Part, step: Part) => void;

const sample = readFileSync(join(REPO_ROOT, "pipelines", "scoring.json"), "utf8");

function edited(change: Change): { file: string; text: string } {
  const definition = JSON.parse(sample) as Part;
  change(definition, definition["drops"] as Part, (definition["steps"] as Part[])[0] ?? {});
  return { file: "scoring.json", text: JSON.stringify(definition) };
}

const NAMES = Array.from({ length: 1000 }, (_, index) => `${String(index).padStart(40, "0")}.csv`);
const PATTERN = "^(?<source>[a-z_]+)/(?<delivery>[0-9-]+)/.+$";

/** One way to each kind that a file can have. */
const CAUSES: Readonly<
  Record<Exclude<DefinitionFaultKind, "folder" | "two_values">, Change | { file: string; text: string }[]>
> = {
  not_json: [{ file: "scoring.json", text: "{" }],
  missing: (definition) => delete definition["description"],
  unknown_key: (definition) => (definition["extra"] = true),
  wrong_type: (definition) => (definition["description"] = 1),
  out_of_range: (_definition, _drops, step) => (step["timeoutSeconds"] = 0),
  wrong_value: (_definition, drops) => (drops["freeze"] = "never"),
  wrong_form: (definition) => (definition["concurrencyGroup"] = "A B"),
  path_pattern: (_definition, drops) => (drops["pathPattern"] = "^x$"),
  delivery: (_definition, drops) => Object.assign(drops, { pathPattern: PATTERN, deliveries: { telemetry: {} } }),
  shorter: (_definition, drops) => (drops["maxWaitSeconds"] = 1),
  schedule: (definition) => (definition["schedule"] = "30 6 * * *"),
  time_zone: (definition) => (definition["timeZone"] = "Europe/Atlantis"),
  reserved: (_definition, _drops, step) => (step["parameters"] = { run_id: "x" }),
  step_twice: (definition, _drops, step) => (definition["steps"] as Part[]).push(step),
  file_name: [{ file: "other.json", text: sample }],
  task: (_definition, _drops, step) => (step["task"] = "one"),
  too_long: (_definition, drops) =>
    Object.assign(drops, { pathPattern: PATTERN, deliveries: { telemetry: { names: NAMES } } }),
  scenario: (definition) => (definition["schema"] = "own"),
  schema_shared: [
    { file: "scoring.json", text: sample },
    { ...edited((definition) => Object.assign(definition, { name: "other", scenario: "drives" })), file: "other.json" },
  ],
};

/** What the app says when it starts with this. */
function told(work: () => unknown): ConfigError {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("no fault was told");
}

it.each(Object.entries(CAUSES))("%s: is known as such, and told with its remedy", (kind, cause) => {
  const { faults } = parseDefinitions(typeof cause === "function" ? [edited(cause)] : cause);

  expect([...new Set(faults.map((fault) => fault.kind))]).toEqual([kind]);
  for (const fault of faults) expect(fault.remedy).toBe(DEFINITION_FAULTS[kind as DefinitionFaultKind].remedy);
});

it("a key that may not be says why", () => {
  const { faults } = parseDefinitions([edited((_definition, _drops, step) => (step["parameters"] = { run_id: "x" }))]);

  expect(faults).toMatchObject([
    { where: "scoring.json at steps.0.parameters.run_id", message: "is a parameter that every step gets" },
  ]);
});

it("a folder without definitions, or none, is told with its remedy at the start", () => {
  const folder = mkdtempSync(join(tmpdir(), "definitions-"));
  try {
    const { remedy } = DEFINITION_FAULTS.folder;
    expect(told(() => loadDefinitions(folder)).message).toContain(`holds no pipeline definition. ${remedy}`);
    expect(told(() => loadDefinitions(join(folder, "none"))).message).toContain(`(ENOENT). ${remedy}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("two values of a parameter in one run are told with their remedy", () => {
  const { definitions } = parseDefinitions([
    edited((definition) => {
      const [one, two] = definition["steps"] as Part[];
      Object.assign(one ?? {}, { parameters: { shade: "a" } });
      Object.assign(two ?? {}, { parameters: { shade: "b" } });
    }),
  ]);

  expect(told(() => withRunsPer("pipeline", definitions)).problems).toMatchObject([
    { kind: "two_values", remedy: DEFINITION_FAULTS.two_values.remedy },
  ]);
});
