import type { PipelineDefinition } from "./pipeline-definition";

/** Characters that a column of the ledger's table holds: every run keeps the definition that it began with. */
const MOST_CHARACTERS = 32 * 1024;

const lengthOf = (value: unknown): number => (JSON.stringify(value) ?? "").length;

/** The longest part of a definition that no row can hold, and what is told of it; null when it fits. */
export function tooLarge(definition: PipelineDefinition): { readonly key: string; readonly message: string } | null {
  const length = lengthOf(definition);
  if (length <= MOST_CHARACTERS) return null;
  const { drops, ...others } = definition;
  const below = Object.entries(drops ?? {}).map(([key, value]): [string, unknown] => [`drops.${key}`, value]);
  const parts: [string, unknown][] = [...Object.entries(others), ...below];
  const [key] = parts.reduce((most, part) => (lengthOf(part[1]) > lengthOf(most[1]) ? part : most));
  const message = `makes the definition ${length} characters long, with all defaults; a run keeps it in a row, which holds ${MOST_CHARACTERS}: shorten it`;
  return { key, message };
}
