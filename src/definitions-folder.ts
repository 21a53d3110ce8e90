import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { definitionFault, parseDefinitions } from "./domain/parse-definitions";
import type { PipelineDefinitions } from "./domain/pipeline-definition";
import { ConfigError } from "./errors";

/** The nearest folder above `start` that holds a host.json. */
export function appRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "host.json"))) return folder;
    if (folder === dirname(folder))
      throw new ConfigError([{ where: "host.json", message: `no folder above ${start} has one` }]);
  }
}

/**
 * Reads every `*.json` of a folder, but for schemas, as a pipeline definition.
 * @param ownSchema the deployment's (`DATABRICKS_SCHEMA`)
 * @throws ConfigError that lists every fault of every file, or that there is no definition
 */
export function loadDefinitions(folder: string, ownSchema = ""): PipelineDefinitions {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([definitionFault("folder", "PIPELINES_DIR", `${folder} cannot be read (${code})`)]);
  }
  if (names.length === 0)
    throw new ConfigError([definitionFault("folder", "PIPELINES_DIR", `${folder} holds no pipeline definition`)]);
  const files = names.map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));
  const { definitions, faults } = parseDefinitions(files, ownSchema);
  if (faults.length > 0) throw new ConfigError(faults);
  return definitions;
}
