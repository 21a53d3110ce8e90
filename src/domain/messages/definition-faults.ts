import { entry, type MessageEntry } from "./message";

/** Faults of definition files, by kind; where and what exactly is in the fault. */
export const DEFINITION_FAULTS = {
  folder: entry(
    "The folder of the definitions cannot be read, or holds none.",
    "Set PIPELINES_DIR to the folder with the definition files, or deploy them with the app.",
  ),
  not_json: entry("The file is not JSON.", "Mend the text at the place that the message names."),
  missing: entry(
    "A key that has no default is missing.",
    "Add it; contracts.md section 5 and the schema say what it is.",
  ),
  unknown_key: entry(
    "A key is not known here.",
    "Look for a slip of the pen or a wrong place; a key of a newer version needs that version of the app.",
  ),
  wrong_type: entry(
    "A value is of another type.",
    "Give the type that the message names; numbers stand without quotes.",
  ),
  out_of_range: entry(
    "A number, a text or a list is smaller or larger than it may be.",
    "Take a value within the bound that the message names.",
  ),
  wrong_value: entry("A value is none of those that there are.", "Take one of those that the message names."),
  wrong_form: entry("A name does not have its form.", "Write it with the characters that the message names."),
  path_pattern: entry(
    "A pathPattern is no regular expression, or names no source.",
    "Mend the expression; it has a named group (?<source>…), by which a file's source is known.",
  ),
  delivery: entry(
    "A delivery has no rule, or its files cannot be told from others.",
    "Give it count, names or marker, and the pathPattern a named group (?<delivery>…).",
  ),
  shorter: entry(
    "A time is shorter than one that it must cover.",
    "Raise it to at least the one that the message names, or lower that.",
  ),
  schedule: entry(
    "The schedule is no NCRONTAB expression.",
    "Write six fields, the seconds first, such as 0 30 6 * * *.",
  ),
  time_zone: entry("The time zone is not known.", "Take an IANA name, such as Europe/Zurich or UTC."),
  reserved: entry(
    "A step's parameter has the name of one that every step gets.",
    "Give it another name, in the step and in its notebook; every step gets the reserved one already.",
  ),
  step_twice: entry("Two steps have one name.", "Give each step of a pipeline a name of its own."),
  file_name: entry("The file is not named after its pipeline.", "Rename the file, or the pipeline in it."),
  task: entry("A file names a task.", "Leave task out, and name the job of several tasks as sharedJob."),
  too_long: entry(
    "The definition does not fit into the row that a run keeps of it.",
    "Shorten the part that the message names, such as long lists of names by a count or a marker.",
  ),
  two_values: entry(
    "Steps that share one Databricks run give a parameter two values.",
    "Give them one value, or the parameters different names; or take a run for each step (DATABRICKS_RUNS).",
  ),
  scenario: entry(
    "A definition has a schema of its own and names no scenario.",
    "Name the scenario whose tables are in that schema.",
  ),
  schema_shared: entry(
    "Two scenarios would meet in one schema.",
    "Give each scenario a schema of its own (`schema`), in all of its definitions. Definitions without one use DATABRICKS_SCHEMA; case makes no difference.",
  ),
} as const satisfies Readonly<Record<string, MessageEntry>>;

/** Kind of a fault of a definition. */
export type DefinitionFaultKind = keyof typeof DEFINITION_FAULTS;

/** What the check of a schema found, as far as its kind is told by it. */
interface Found {
  readonly code?: string | undefined;
  readonly message: string;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
}

/** The kind of what a schema found; a rule of our own names its kind itself. */
export function kindOfIssue({ code, message, params }: Found): DefinitionFaultKind {
  const named = params?.["kind"];
  if (typeof named === "string" && Object.hasOwn(DEFINITION_FAULTS, named)) return named as DefinitionFaultKind;
  switch (code) {
    case "unrecognized_keys":
      return "unknown_key";
    case "too_small":
    case "too_big":
      return "out_of_range";
    case "invalid_value":
      return "wrong_value";
    case "invalid_format":
      return "wrong_form";
    default:
      return message.endsWith("received undefined") ? "missing" : "wrong_type";
  }
}
