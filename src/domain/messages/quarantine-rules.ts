import { entry, type MessageEntry } from "./message";

const DELIVER = "Deliver a mended file under the same name; or release this one with its text.";
const ROWS = "Release the rows as they should have been; or have the source deliver a mended file.";

/** What the engine itself finds wrong with a file (ingestion's FILE_RULES). */
export const FILE_RULES: Readonly<Record<string, MessageEntry>> = {
  unknown_source: entry(
    "The declaration has no source of this name.",
    "Declare the source, or mend pathPattern of the definition; then release the file.",
  ),
  truncated_gzip: entry("The packed file breaks off, or is damaged.", DELIVER),
  not_gzip: entry(
    "It is called .gz and is not packed.",
    "Deliver it under a name without .gz, or packed; or release it with its text.",
  ),
  unexpected_gzip: entry(
    "It is packed and not called .gz.",
    "Deliver it under a name that ends with .gz, or unpacked; or release it with its text.",
  ),
  trailing_bytes: entry("Something follows the end of the packed data.", DELIVER),
  encoding: entry(
    "It is not in the encoding of its source.",
    "Deliver it as UTF-8, or name the source's encoding in rules.yml; then release the file.",
  ),
  missing_column: entry("A column of the source is missing.", DELIVER),
  ambiguous_column: entry("Two columns have one name.", DELIVER),
  unknown_column: entry(
    "It has a column that the declaration does not know.",
    "Declare the column, or have the source leave it out.",
  ),
  undated_name: entry("Its name says no day, so it covers no time.", "Deliver it under a name with its day or days."),
  name_before_start: entry(
    "Its name covers time before the scenario begins.",
    "Deliver it under the right day, or set begins in rules.yml earlier; then release the file.",
  ),
  name_after_delivery: entry(
    "Its name covers time after it was delivered.",
    "Deliver it under the right day when that day is over; then discard this one.",
  ),
  unreadable: entry("Spark, or the judging of its rows, failed on it; the text says how.", DELIVER),
};

/** What the engine itself finds wrong with a row (ingestion's FORM_RULES, and its lateness). A field's name follows a colon. */
export const ROW_RULES: Readonly<Record<string, MessageEntry>> = {
  not_utf8: entry("The row has bytes that are no text.", ROWS),
  malformed: entry("The row has another number of cells than the header, or a quote that is not closed.", ROWS),
  missing_value: entry("A cell that must have a value is empty.", ROWS),
  wrong_type: entry("A cell is no number, time or truth value of the form that its column has.", ROWS),
  not_finite: entry("A cell is NaN or infinite.", ROWS),
  out_of_range: entry("A cell is outside what its type can hold, or before the scenario begins.", ROWS),
  too_late: entry(
    "The row lies further behind the data than allowed_lateness lets it.",
    'Ask for a run with the parameter allowed_lateness="" to take it all the same, or discard it.',
  ),
};

/** A rule of the scenario's own. */
export const DECLARED_RULE = entry(
  "The row breaks a rule that the scenario declares in rules.yml.",
  `${ROWS} If the rule is wrong, mend it, deploy the bundle, and release the rows as they are.`,
);

/** The remedy for a rule as an item in quarantine names it, such as `wrong_type:volt`. */
export function remedyOfRule(rule: string): string {
  const [name = ""] = rule.split(":");
  return (FILE_RULES[name] ?? ROW_RULES[name] ?? DECLARED_RULE).remedy;
}
