import { jobParameters } from "../../../src/domain/job-parameters";
import { parseDefinitions } from "../../../src/domain/parse-definitions";
import { pipelineDefinitionSchema } from "../../../src/domain/pipeline-definition";

const definition = (fields: Record<string, unknown> = {}) => ({
  name: "scoring",
  description: "",
  concurrencyGroup: "a",
  window: { rule: "watermark" },
  steps: [{ name: "ingestion", job: "job-ingestion", timeoutSeconds: 60 }],
  ...fields,
});
const parsed = (fields: Record<string, unknown> = {}) => pipelineDefinitionSchema.parse(definition(fields));
const settings = { catalog: "main", schema: "batchkeeper", volumeRoot: "/v", batches: "batches" };
const run = { runId: "scoring-1", window: null, parameters: {} };
const parametersOf = (fields: Record<string, unknown>) => {
  const one = parsed(fields);
  return jobParameters(run, one, one.steps[0]!, settings, "deployment");
};
const faultsOf = (...definitions: Record<string, unknown>[]) =>
  parseDefinitions(
    definitions.map((fields) => ({ file: `${String(fields["name"])}.json`, text: JSON.stringify(definition(fields)) })),
    settings.schema,
  ).faults;

describe("a definition's scenario", () => {
  it("goes to the jobs with its schema", () => {
    expect(parametersOf({ scenario: "drive_failures", schema: "drives" })).toMatchObject({
      scenario: "drive_failures",
      schema: "drives",
    });
  });

  it("is no parameter when there is none, and the schema is the deployment's", () => {
    const parameters = parametersOf({});

    expect(parameters).not.toHaveProperty("scenario");
    expect(parameters["schema"]).toBe("batchkeeper");
  });

  it.each([{ scenario: "../x" }, { scenario: "Drives" }, { schema: "a.b" }, { schema: "a`b" }])("refuses %j", (bad) => {
    expect(faultsOf({ name: "scoring", ...bad })).toHaveLength(1);
  });

  it("has a schema to itself", () => {
    const drives = { scenario: "drive_failures", schema: "drives" };

    expect(faultsOf({ name: "a" }, { name: "b", ...drives }, { name: "c", ...drives })).toEqual([]);
    expect(faultsOf({ name: "a" }, { name: "b", scenario: "drive_failures" })).toMatchObject([
      { where: "b.json at schema", message: expect.stringContaining("also that of a.json") as string },
    ]);
  });

  it.each(["batchkeeper", "Batchkeeper"])("has not the deployment's schema, as %s", (schema) => {
    expect(faultsOf({ name: "a" }, { name: "b", scenario: "drive_failures", schema })).toMatchObject([
      { kind: "schema_shared", where: "b.json at schema" },
    ]);
  });

  it("has no schema that differs from another's by case alone", () => {
    const faults = faultsOf(
      { name: "a", scenario: "a", schema: "Drives" },
      { name: "b", scenario: "b", schema: "drives" },
    );

    expect(faults).toMatchObject([{ kind: "schema_shared", where: "b.json at schema" }]);
  });

  it("is named where the schema is not the deployment's", () => {
    expect(faultsOf({ name: "a", schema: "drives" })[0]).toMatchObject({
      where: "a.json at scenario",
      message: expect.stringContaining("is missing") as string,
    });
  });

  it("leaves no step a parameter of that name", () => {
    const steps = [{ name: "a", job: "b", timeoutSeconds: 1, parameters: { scenario: "" } }];

    expect(faultsOf({ name: "scoring", steps })[0]?.message).toContain("every step gets");
  });
});
