import { readdirSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../../../local/paths";
import { loadDefinitions } from "../../../src/definitions-folder";
import { parseDefinitions } from "../../../src/domain/parse-definitions";
import { routeDrop } from "../../../src/domain/pipeline-definition";
import { readFileSync } from "node:fs";

const SHIPPED = join(REPO_ROOT, "pipelines");
const EXAMPLES = join(REPO_ROOT, "examples");
const definitionsIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"))
    .map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));

describe.each(readdirSync(EXAMPLES))("the definitions of examples/%s", (name) => {
  const folder = join(EXAMPLES, name, "pipelines");
  const { definitions, faults } = parseDefinitions([...definitionsIn(SHIPPED), ...definitionsIn(folder)]);
  const own = [...loadDefinitions(folder).values()];
  const shipped = [...loadDefinitions(SHIPPED).values()];

  it("are sound beside the shipped ones in one deployment", () => {
    expect(faults).toEqual([]);
    expect(definitions.size).toBe(own.length + shipped.length);
  });

  it("name their scenario and a schema of their own, and share jobs but no slot", () => {
    const jobs = new Set(shipped.flatMap(({ steps }) => steps.map(({ job }) => job)));
    const slots = new Set(shipped.map(({ concurrencyGroup }) => concurrencyGroup));

    expect(own.map(({ scenario, schema }) => [scenario, schema])).toEqual(own.map(() => [name, name]));
    expect(shipped.map(({ schema }) => schema)).not.toContain(name);
    for (const { steps } of own) for (const { job } of steps) expect(jobs).toContain(job);
    for (const { concurrencyGroup } of own) expect(slots).not.toContain(concurrencyGroup);
  });

  it("pass the same parameters to a step as the shipped ones, so that the jobs suit both", () => {
    const known = new Map(
      shipped.flatMap(({ steps }) => steps).map((step) => [step.name, Object.keys(step.parameters)]),
    );

    for (const { steps } of own)
      for (const step of steps) expect(Object.keys(step.parameters)).toEqual(known.get(step.name));
  });

  it("take drops of their own folder, and no others", () => {
    const [source] = own.flatMap(({ drops }) => drops?.pathPattern.match(/(?<=<source>)\w+/)?.[0] ?? []);
    const path = `${source}/2024-01-02.csv`;

    expect(routeDrop(definitions, "drops", `${name.replaceAll("_", "-")}/${path}`)).toMatchObject({ source });
    expect(own.map((definition) => definition.name)).toContain(
      routeDrop(definitions, "drops", `${name.replaceAll("_", "-")}/${path}`)?.pipeline,
    );
    for (const shippedPath of ["telemetry/2015-11-15.csv", "failures/2015-11-15.csv"])
      expect(routeDrop(definitions, "drops", shippedPath)?.pipeline).toBe("scoring");
  });
});
