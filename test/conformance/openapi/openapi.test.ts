import { buildOpenApi } from "../../../src/api/registry/openapi";
import { OPERATIONS } from "../../../src/api/registry/operations";
import { callApi } from "../../support/api-calls";

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: object }[];
  readonly responses: Readonly<Record<string, { description: string; content?: object }>>;
}
interface Document {
  readonly openapi: string;
  readonly servers: readonly { url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Record<string, unknown>>> };
}

const document = buildOpenApi(OPERATIONS, "1.2.3", "https://app.example/api") as unknown as Document;
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "$ref" in value && typeof value.$ref === "string" ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(references)];
}

describe("the OpenAPI document", () => {
  it("refers only to what it holds, and uses all that it holds", () => {
    const used = new Set(references(document));

    expect(document.openapi).toBe("3.1.0");
    for (const reference of references(document))
      expect(document.components.schemas).toHaveProperty(reference.split("/").at(-1) ?? "");
    const unused = Object.keys(document.components.schemas).filter((name) => !used.has(`#/components/schemas/${name}`));
    // Pages of runs hold them without a name of their own in between.
    expect(unused).toEqual([]);
  });

  it("declares each parameter of a path, and says what each answer means", () => {
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect(declared.map(({ name, required }) => [name, required])).toEqual(inPath.map((name) => [name, true]));
      for (const { description } of Object.values(operation.responses)) expect(description).not.toBe("");
    }
  });

  it("describes a request as it is sent: nothing in it is required, nothing unknown is allowed", () => {
    const { StartRun } = document.components.schemas;

    expect(StartRun).toMatchObject({ type: "object", additionalProperties: false });
    expect(StartRun).not.toHaveProperty("required");
    expect(Object.keys(StartRun?.["properties"] ?? {})).toEqual(["window", "rerun", "parameters"]);
  });

  it("describes filters as the door checks them", () => {
    const state = document.paths["/v1/runs"]?.["get"]?.parameters?.find((parameter) => parameter.name === "state");

    expect(state?.schema).toMatchObject({ enum: expect.arrayContaining(["queued", "nothing_to_do"]) });
  });

  it("is served with the address it was asked at", async () => {
    const { status, body, headers } = await callApi("openApi", { version: "1.2.3" });

    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("application/json");
    expect(body).toEqual(JSON.parse(JSON.stringify(document)));
    expect(document.servers).toEqual([{ url: "https://app.example/api" }]);
  });
});
