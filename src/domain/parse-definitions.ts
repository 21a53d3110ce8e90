import { tooLarge } from "./definition-size";
import { DEFINITION_FAULTS, kindOfIssue, type DefinitionFaultKind } from "./messages/definition-faults";
import { pipelineDefinitionSchema, type PipelineDefinition, type PipelineDefinitions } from "./pipeline-definition";

/** A definition file as read. */
export interface DefinitionFile {
  /** File name such as `scoring.json`. */
  readonly file: string;
  readonly text: string;
}

/** A fault of a definition file, at a path inside it. */
export interface DefinitionFault {
  readonly kind: DefinitionFaultKind;
  readonly where: string;
  readonly message: string;
  readonly remedy: string;
}

/** A fault with what to do about it. */
export function definitionFault(kind: DefinitionFaultKind, where: string, message: string): DefinitionFault {
  return { kind, where, message, remedy: DEFINITION_FAULTS[kind].remedy };
}

function readOne({ file, text }: DefinitionFile, faults: DefinitionFault[]): PipelineDefinition | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    faults.push(definitionFault("not_json", file, `is not JSON: ${(error as Error).message}`));
    return null;
  }
  const parsed = pipelineDefinitionSchema.safeParse(json);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      // Of a key that may not be, the reason is inside.
      const inner = issue.code === "invalid_key" ? (issue.issues[0] ?? issue) : issue;
      const where = `${file} at ${issue.path.join(".") || "(root)"}`;
      faults.push(definitionFault(kindOfIssue(inner), where, inner.message));
    }
    return null;
  }
  if (file !== `${parsed.data.name}.json`) {
    const message = `is "${parsed.data.name}"; the file must be named ${parsed.data.name}.json`;
    faults.push(definitionFault("file_name", `${file} at name`, message));
    return null;
  }
  const tasks = parsed.data.steps.flatMap(({ task }, index) => (task === undefined ? [] : [index]));
  for (const index of tasks)
    faults.push(
      definitionFault("task", `${file} at steps.${index}.task`, "is not for files: name the job as sharedJob"),
    );
  if (tasks.length > 0) return null;
  const large = tooLarge(parsed.data);
  if (large === null) return parsed.data;
  faults.push(definitionFault("too_long", `${file} at ${large.key}`, large.message));
  return null;
}

/**
 * Definitions of different scenarios whose tables would meet in one schema, and schemas of no named scenario. Unity Catalog keeps
 * schema names in lower case: two that differ by case alone are one.
 */
function meetings(read: readonly PipelineDefinition[], ownSchema: string): DefinitionFault[] {
  const first = new Map<string, PipelineDefinition>();
  const faults: DefinitionFault[] = [];
  for (const definition of read) {
    const schema = (definition.schema ?? ownSchema).toLowerCase();
    const other = first.get(schema) ?? definition;
    first.set(schema, other);
    if (definition.schema !== undefined && definition.scenario === undefined)
      faults.push(
        definitionFault(
          "scenario",
          `${definition.name}.json at scenario`,
          "is missing: a definition with a schema of its own names the scenario whose tables are there",
        ),
      );
    if (other.scenario !== definition.scenario)
      faults.push(
        definitionFault(
          "schema_shared",
          `${definition.name}.json at schema`,
          `is also that of ${other.name}.json, which has another scenario`,
        ),
      );
  }
  return faults;
}

/**
 * Parses all definition files and lists every fault of every file.
 * @param ownSchema the deployment's (`DATABRICKS_SCHEMA`), where the definitions without a schema have their tables
 */
export function parseDefinitions(
  files: readonly DefinitionFile[],
  ownSchema = "",
): {
  definitions: PipelineDefinitions;
  faults: readonly DefinitionFault[];
} {
  const faults: DefinitionFault[] = [];
  const sorted = [...files].sort((a, b) => (a.file < b.file ? -1 : 1));
  const read = sorted.map((file) => readOne(file, faults)).filter((definition) => definition !== null);
  faults.push(...meetings(read, ownSchema));
  return { definitions: new Map(read.map((definition) => [definition.name, definition])), faults };
}
