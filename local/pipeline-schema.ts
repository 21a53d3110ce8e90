import { z } from "zod";
import { pipelineDefinitionSchema } from "../src/domain/pipeline-definition";

/** The JSON Schema of a definition file, as `pipelines/pipeline.schema.json` holds it. What zod checks beyond it stays with the app. */
export function pipelineJsonSchema(): string {
  const schema = z.toJSONSchema(pipelineDefinitionSchema, {
    ...{ io: "input", unrepresentable: "any" },
    // Runs keep it; a file may not have it.
    override: ({ jsonSchema }) => delete jsonSchema.properties?.["task"],
  });
  return `${JSON.stringify({ title: "Pipeline definition of Batchkeeper", ...schema }, null, 2)}\n`;
}

if (require.main === module) process.stdout.write(pipelineJsonSchema());
