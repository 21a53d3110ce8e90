import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pipelineJsonSchema } from "../../../local/pipeline-schema";
import { REPO_ROOT } from "../../../local/paths";

describe("pipelines/pipeline.schema.json", () => {
  it("is what the app checks definitions by: `npm run pipeline-schema` writes it anew", () => {
    const file = readFileSync(join(REPO_ROOT, "pipelines", "pipeline.schema.json"), "utf8");

    expect(JSON.parse(file)).toEqual(JSON.parse(pipelineJsonSchema()));
  });

  it("knows every key of a definition", () => {
    const schema = JSON.parse(pipelineJsonSchema()) as { properties: Record<string, unknown>; required: string[] };

    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(["name", "schedule", "drops", "steps", "scenario", "schema", "concurrencyGroup"]),
    );
    expect(pipelineJsonSchema()).not.toContain('"task"');
    expect(schema.required).not.toContain("scenario");
  });
});
