import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseDefinitions } from "../../../src/domain/parse-definitions";
import { REPO_ROOT } from "../../../local/paths";

const TEMPLATES = join(REPO_ROOT, "local", "scaffold", "template");
const filled = (text: string) =>
  text.replaceAll("$dashed", "pump-failures").replaceAll("$name", "pump_failures").replaceAll("$$", "$");
const read = (folder: string, file: string) => ({ file, text: readFileSync(join(folder, file), "utf8") });
const jsonIn = (folder: string) =>
  readdirSync(folder).filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"));

describe("the definitions of a new scenario", () => {
  it("are sound beside the shipped ones", () => {
    const own = jsonIn(TEMPLATES).map((name) => ({
      file: `pump-failures-${name}`,
      text: filled(read(TEMPLATES, name).text),
    }));
    const pipelines = join(REPO_ROOT, "pipelines");
    const { definitions, faults } = parseDefinitions([
      ...own,
      ...jsonIn(pipelines).map((name) => read(pipelines, name)),
    ]);

    expect(faults).toEqual([]);
    expect(definitions.get("pump-failures-scoring")).toMatchObject({
      scenario: "pump_failures",
      schema: "pump_failures",
    });
  });
});
